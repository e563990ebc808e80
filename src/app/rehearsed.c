#include "rehearsed.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "engine/event.h"
#include "journal/journal.h"

/* Clocks of two machines differ; more than this is no difference of clocks. */
#define AHEAD_US (10 * MINUTE_US)

#define HOW "`tminus rehearse BOOK --targets FILE --certificate FILE` makes one"

/* ---- what a certificate says, for a sentence ---- */

const char *rehearsed_age(struct arena *arena, int64_t age_us)
{
    static const struct {
        int64_t us;
        const char *name;
    } units[] = { { DAY_US, "day" }, { HOUR_US, "hour" }, { MINUTE_US, "minute" } };
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(units) && age_us < 2 * units[i].us)
        i++;
    int64_t count = age_us > 0 ? age_us / units[i].us : 0;
    if (count == 0)
        return "less than a minute";
    return arena_format(arena, "%" PRId64 " %s%s", count, units[i].name, count == 1 ? "" : "s");
}

const char *rehearsed_ahead(int64_t age_us)
{
    return age_us < -AHEAD_US
               ? "it says that the rehearsal ended later than now: look at the clocks of both machines"
               : NULL;
}

static const char *result_of(struct arena *arena, const char *what, const char *step,
                             enum rehearsal_result result, const char *text)
{
    return arena_format(arena, "%s%s%s: %s%s%s", what, step[0] ? " " : "", step,
                        rehearsal_result_word(result), text[0] ? ": " : "", text);
}

const char *rehearsed_wrong(struct arena *arena, const struct certificate *certificate)
{
    for (size_t i = 0; i < certificate->midpoint_count; i++) {
        const struct certificate_midpoint *midpoint = &certificate->midpoints[i];

        if (midpoint->result == REHEARSAL_DIFFERENT || midpoint->result == REHEARSAL_FAILED)
            return result_of(arena, midpoint->step[0] ? "to" : "the whole way", midpoint->step,
                             midpoint->result, midpoint->text);
    }
    for (size_t i = 0; i < certificate->again_count; i++) {
        const struct certificate_again *again = &certificate->again[i];

        if (again->result == REHEARSAL_DIFFERENT || again->result == REHEARSAL_FAILED)
            return result_of(arena, "once more", again->step, again->result, again->text);
    }
    for (size_t i = 0; i < certificate->lock_count; i++) {
        const struct certificate_lock *lock = &certificate->locks[i];

        if (!lock->holds)
            return arena_format(arena, "%s took %s on %s, and the book claims %s", lock->step, lock->taken,
                                lock->relation, lock->claimed[0] ? lock->claimed : "nothing of it");
    }
    return certificate->passed ? "" : "no way back was tried";
}

void rehearsed_signer(struct arena *arena, const struct certificate *certificate, const struct policy *policy,
                      struct rehearsed_signer *ret)
{
    const struct policy_person *person;
    struct key_fingerprint key;
    struct buf statement;
    struct err err = ERR_INIT;
    int r;

    memset(ret, 0, sizeof(*ret));
    if (!certificate->signature) {
        ret->lack = "nobody has signed it";
        return;
    }
    buf_init(&statement, CERTIFICATE_MAX_BYTES);
    certificate_statement(certificate, &statement);
    r = sign_judge(SIGN_REHEARSAL, buf_str(&statement), statement.len, certificate->signature, &key, &err);
    buf_finish(&statement);
    if (r < 0) {
        ret->lack = arena_format(
            arena, r == ERR_CORRUPT ? "its signature is not right: %s" : "its signature cannot be judged: %s",
            err.message);
        return;
    }
    ret->key = arena_text(arena, key.text);
    person = policy ? policy_person_of(policy, key.text) : NULL;
    ret->person = person ? person->name : NULL;
    if (policy && !person)
        ret->lack =
            arena_format(arena, "it is signed with %s, which is nobody's key by the policy", key.text);
}

/* ---- whether it is good for this run ---- */

struct judging {
    struct arena *arena;
    const struct frozen *frozen;
    const struct book *book;
    const struct policy *policy; /* NULL: there is none */
    bool required;               /* this run wants one */
    struct instant now;
};

/* Of this book, byte for byte, and of the files that it names. */
static int check_same(const struct judging *j, const struct certificate *certificate, struct err *err)
{
    struct sha256 book;
    char files[65];

    sha256_of(j->frozen->book_text, j->frozen->book_len, &book);
    certificate_files(j->frozen->files, j->frozen->file_count, files);
    if (!text_equal(certificate->book_sha256, book.hex))
        return err_set(
            err, ERR_REFUSED,
            "the certificate is of another book, or %s was changed since: it is of %s with the SHA-256 "
            "%.12s, this one has %.12s; " HOW,
            j->book->id, certificate->book, certificate->book_sha256, book.hex);
    if (!text_equal(certificate->files_sha256, files))
        return err_set(
            err, ERR_REFUSED,
            "a file that %s names was changed since the rehearsal that its certificate is of; " HOW,
            j->book->id);
    return 0;
}

/* What it lacks to be good for a live run; NULL: nothing, and `ret_note` is what is different all the same.
 */
static const char *lack_of(const struct judging *j, const struct certificate *certificate,
                           const char **ret_note)
{
    int64_t age_us = j->now.wall_us - certificate->wall_us;
    int64_t most_us = j->book->rehearsal ? j->book->rehearsal->required_us : 0;
    struct rehearsed_signer signer;
    const char *lack;

    if (!certificate->passed)
        return arena_format(j->arena, "the rehearsal did not pass: %s",
                            rehearsed_wrong(j->arena, certificate));
    if (!certificate->all)
        return arena_format(j->arena, "the way back was not tried from every step (it was asked: %s)",
                            certificate->asked);
    lack = certificate_lacks(j->arena, certificate, j->book);
    if (lack)
        return lack;
    lack = rehearsed_ahead(age_us);
    if (lack)
        return lack;
    if (most_us > 0 && age_us > most_us)
        return arena_format(j->arena, "it is %s old, and the book takes none over %s",
                            rehearsed_age(j->arena, age_us), rehearsed_age(j->arena, most_us));
    if (j->policy || certificate->signature) {
        rehearsed_signer(j->arena, certificate, j->policy, &signer);
        if (signer.lack)
            return signer.lack;
    }
    return rehearsed_servers(j->arena, certificate, j->book, ret_note);
}

static const char *note_of(const struct judging *j, const struct certificate *certificate)
{
    struct rehearsed_signer signer;

    rehearsed_signer(j->arena, certificate, j->policy, &signer);
    return arena_format(j->arena, "rehearsed %s ago on %s by %s, %s%s",
                        rehearsed_age(j->arena, j->now.wall_us - certificate->wall_us), certificate->host,
                        certificate->operator, signer.lack ? signer.lack : "signed by ",
                        signer.lack     ? ""
                        : signer.person ? signer.person
                                        : signer.key);
}

static int judge_certificate(const struct judging *j, struct frozen *frozen, const char **ret_note,
                             struct err *err)
{
    const struct certificate *certificate;
    const char *lack, *otherwise = "";
    struct sha256 sha;
    int r = certificate_read(j->arena, "the certificate", frozen->certificate_text, frozen->certificate_len,
                             &certificate, err);

    if (r == 0)
        r = check_same(j, certificate, err);
    if (r < 0)
        return r;
    lack = lack_of(j, certificate, &otherwise);
    if (lack && j->required)
        return err_set(err, ERR_REFUSED, "the certificate is not good for a live run: %s; " HOW, lack);
    *ret_note = lack ? arena_format(j->arena, "of its rehearsal: %s", lack)
                     : arena_format(j->arena, "%s%s", note_of(j, certificate), otherwise);
    if (j->book->rehearsed_otherwise)
        *ret_note = arena_format(j->arena, "%s; rehearsed with other params: %s", *ret_note,
                                 j->book->rehearsed_otherwise);
    sha256_of(frozen->certificate_text, frozen->certificate_len, &sha);
    return rundir_certify(j->arena, frozen, sha.hex, err);
}

/* ---- without one ---- */

static int check_waived(const struct judging *j, struct err *err)
{
    const struct rehearsal *rehearsal = j->book->rehearsal;
    const struct policy_person *person;
    const char *role;

    if (!j->required)
        return err_set(err, ERR_USAGE, "--without-certificate: this run asks for none");
    if (rehearsal->override_by == BOOK_NONE)
        return err_set(
            err, ERR_REFUSED,
            "nobody begins %s live without a certificate: its \"rehearsal\" has no \"override_by\"; " HOW,
            j->book->id);
    if (!j->policy)
        return 0;
    role = j->book->roles[rehearsal->override_by].id;
    person = policy_person_named(j->policy, j->frozen->operator);
    if (person && (policy_may(person, role) || person->break_glass))
        return 0;
    return err_set(
        err, ERR_REFUSED,
        "%s may not begin %s without a certificate: by the policy it takes somebody who may be %s, or "
        "may break glass",
        j->frozen->operator, j->book->id, role);
}

int rehearsed_begin(struct arena *arena, struct frozen *frozen, const struct book *book, struct instant now,
                    const char **ret_note, struct err *err)
{
    struct judging j = { .arena = arena, .frozen = frozen, .book = book, .now = now };
    int r = 0;

    j.required =
        book->rehearsal && book->rehearsal->required_us > 0 && text_equal(frozen->environment, "live");
    *ret_note = NULL;
    if (frozen->policy_text)
        r = policy_read(arena, "the policy", frozen->policy_text, frozen->policy_len, &j.policy, err);
    if (r < 0)
        return r;
    if (frozen->certificate_text)
        return judge_certificate(&j, frozen, ret_note, err);
    if (frozen->unrehearsed) {
        *ret_note = arena_format(arena, "not rehearsed: %s", frozen->unrehearsed);
        return check_waived(&j, err);
    }
    if (!j.required)
        return 0;
    return err_set(
        err, ERR_REFUSED,
        "%s begins live only with the certificate of a rehearsal that is not over %s old, and there is "
        "none: " HOW,
        book->id, rehearsed_age(arena, book->rehearsal->required_us));
}
