#include "verify_certificate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/file.h"
#include "base/time.h"
#include "json/json.h"
#include "rehearsed.h"

struct told {
    const struct certificate *certificate;
    struct rehearsed_signer signer;
    bool counts;       /* what its signature lacks is against it: without a policy nobody has to sign */
    const char *wrong; /* "" when nothing is */
    const char *age;   /* "3 days ago" */
    const char *ahead; /* why it cannot have ended then; NULL */
};

static size_t midpoints_with(const struct certificate *certificate, enum rehearsal_result result)
{
    size_t count = 0;

    for (size_t i = 0; i < certificate->midpoint_count; i++)
        count += certificate->midpoints[i].result == result;
    return count;
}

static void tell(const struct told *told)
{
    const struct certificate *certificate = told->certificate;
    struct buf ended;

    buf_init(&ended, 64);
    wall_text(&ended, certificate->wall_us);
    printf("book      %s, SHA-256 %s\n", certificate->book, certificate->book_sha256);
    printf("files     SHA-256 %s of those that it names\n", certificate->files_sha256);
    printf("rehearsed %s (%s) on %s by %s, with tminus %s %s\n", buf_str(&ended), told->age,
           certificate->host, certificate->operator, certificate->version, certificate->asked);
    printf("back from");
    for (int i = 0; i < REHEARSAL_RESULT_COUNT; i++)
        printf("%s %zu %s", i > 0 ? "," : "", midpoints_with(certificate, (enum rehearsal_result)i),
               rehearsal_result_word((enum rehearsal_result)i));
    printf(" of %zu\n", certificate->midpoint_count);
    if (!certificate->all)
        puts("          the way back was not tried from every step");
    if (certificate->data_count == 0)
        puts("          of the data nothing was compared");
    if (certificate->passed)
        puts("passed    nothing that was tried came out wrong");
    else
        printf("FAILED    %s\n", told->wrong);
    if (told->ahead)
        printf("NOT GOOD  %s\n", told->ahead);
    if (told->signer.lack)
        printf("%s  %s\n", told->counts ? "NOT GOOD" : "note    ", told->signer.lack);
    else
        printf("signed by %s (%s), over all of it\n",
               told->signer.person ? told->signer.person : "somebody whom no policy names", told->signer.key);
    buf_finish(&ended);
}

static int tell_json(const struct told *told, int64_t age_us, struct err *err)
{
    struct said_object object;
    const struct certificate *certificate = told->certificate;

    said_object_open(&object, JSON_MAX_BYTES);
    json_put_text(&object.w, "book", certificate->book);
    json_put_text(&object.w, "book_sha256", certificate->book_sha256);
    json_put_text(&object.w, "files_sha256", certificate->files_sha256);
    json_put_integer(&object.w, "age_s", age_us / SECOND_US);
    json_put_bool(&object.w, "passed", certificate->passed);
    json_put_text(&object.w, "wrong", told->wrong);
    json_put_bool(&object.w, "all", certificate->all);
    json_put_text(&object.w, "signed_by", told->signer.person);
    json_put_text(&object.w, "key", told->signer.key);
    json_put_text(&object.w, "not_good", told->ahead ? told->ahead : told->signer.lack);
    return said_object_close(&object, err);
}

int verify_certificate(struct arena *arena, const char *path, const struct policy *policy,
                       const char *unchecked, bool json, size_t *found, struct err *err)
{
    struct told told;
    struct buf text;
    int64_t age_us;
    int r;

    buf_init(&text, CERTIFICATE_MAX_BYTES);
    r = file_read(path, &text, err);
    if (r < 0)
        (void)err_prefix(err, "--certificate");
    else
        r = certificate_read(arena, path, buf_str(&text), text.len, &told.certificate, err);
    buf_finish(&text);
    if (r < 0)
        return r;
    age_us = clock_now().wall_us - told.certificate->wall_us;
    told.ahead = rehearsed_ahead(age_us);
    told.age = told.ahead ? "later than now" : arena_format(arena, "%s ago", rehearsed_age(arena, age_us));
    told.wrong = rehearsed_wrong(arena, told.certificate);
    rehearsed_signer(arena, told.certificate, policy, &told.signer);
    if (unchecked)
        told.signer.lack = arena_format(arena, "its signature cannot be judged: %s", unchecked);
    told.counts = told.signer.lack && (policy || told.certificate->signature);
    *found += (told.certificate->passed ? 0u : 1u) + (told.counts ? 1u : 0u) + (told.ahead ? 1u : 0u);
    if (json)
        return tell_json(&told, age_us, err);
    tell(&told);
    return 0;
}
