#include "audit/judge.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define OPERATOR    "operator"
#define THREADS_MIN 4
#define THREADS_MAX 16

/* ---- judging them, beside each other ---- */

struct signature_work {
    struct judge *judge;
    atomic_size_t next;
};

static void *judge_some(void *data)
{
    struct signature_work *work = data;
    size_t i;
    while ((i = atomic_fetch_add(&work->next, 1)) < work->judge->signature_count) {
        struct judged_signature *one = &work->judge->signatures[i];
        const char *unchecked = work->judge->options->unchecked;
        if (unchecked != NULL)
            one->result = err_set(&one->err, ERR_ENVIRONMENT, "%s", unchecked);
        else if (one->signature != NULL)
            one->result = sign_judge(one->event != NULL ? SIGN_DECISION : SIGN_COMMIT, one->bytes, one->len,
                                     one->signature, &one->by, &one->err);
    }
    return NULL;
}

/* Two for each core, this one included: while one waits for its child to begin or to end, another one works.
 */
static size_t thread_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores < THREADS_MIN / 2)
        return THREADS_MIN;
    return cores > THREADS_MAX / 2 ? THREADS_MAX : 2 * (size_t)cores;
}

static void judge_each(struct judge *judge)
{
    struct signature_work work = { .judge = judge };
    pthread_t threads[THREADS_MAX - 1];
    size_t started = 0, more = thread_count() - 1;
    atomic_init(&work.next, 0);
    while (started < more && pthread_create(&threads[started], NULL, judge_some, &work) == 0)
        started++;
    (void)judge_some(&work); /* and alone when there is no thread to be had */
    while (started > 0)
        (void)pthread_join(threads[--started], NULL); /* ours, and not detached */
}

/* ---- who ---- */

static const struct judged_session *session_at(const struct judge *judge, uint64_t seq)
{
    const struct judged_session *found = NULL;
    for (size_t i = 0; i < judge->session_count && judge->sessions[i].seq <= seq; i++)
        found = &judge->sessions[i];
    return found;
}

/* The key of the session that the commit's last record is of, or of a later one: who takes a run up publishes
 * what is missing, or all of it again. */
static bool is_key_from(const struct judge *judge, const char *fingerprint, uint64_t seq)
{
    const struct judged_session *session = session_at(judge, seq);
    for (; session != NULL && session < judge->sessions + judge->session_count; session++) {
        if (text_equal(session->key, fingerprint))
            return true;
    }
    return false;
}

static void count_signer(struct judge *judge, const struct judged_signature *one, const char *person)
{
    struct verify_report *report = judge->report;
    struct verify_signer *signer = NULL;
    for (size_t i = 0; i < report->signer_count && signer == NULL; i++) {
        if (text_equal(report->signers[i].fingerprint, one->by.text))
            signer = &report->signers[i];
    }
    if (signer == NULL && report->signer_count < VERIFY_SIGNERS_MAX) {
        signer = &report->signers[report->signer_count++];
        signer->fingerprint = arena_text(judge->arena, one->by.text);
        signer->person = person;
    }
    if (signer != NULL) {
        signer->commits += one->event == NULL;
        signer->decisions += one->event != NULL;
    }
    report->commits_signed += one->event == NULL;
    report->decisions_signed += one->event != NULL;
}

static void judge_commit_signer(struct judge *judge, const struct judged_signature *one,
                                const struct policy_person *person)
{
    const struct judged_session *session = session_at(judge, one->last_seq);
    if (session != NULL && session->key != NULL && !is_key_from(judge, one->by.text, one->last_seq))
        judge_found(judge, NULL, 0, "is signed with the key %s, expected %s, which %s opened the run with",
                    one->by.text, session->key, session->actor);
    if (judge->options->policy == NULL)
        return;
    if (person == NULL)
        judge_found(judge, NULL, 0, "is signed with the key %s, which is nobody's in the policy",
                    one->by.text);
    else if (!policy_may(person, OPERATOR))
        judge_found(judge, NULL, 0, "is signed by %s, who is no operator in the policy", person->name);
}

static void judge_decision_signer(struct judge *judge, const struct judged_signature *one,
                                  const struct policy_person *person)
{
    const struct event *event = one->event;
    const char *word = event_word(event->type);
    if (!text_equal(event->key, one->by.text))
        judge_found(judge, NULL, event->seq, "%s is signed with the key %s, the record says %s", word,
                    one->by.text, event->key != NULL ? event->key : "none");
    if (judge->options->policy == NULL)
        return;
    if (person == NULL)
        judge_found(judge, NULL, event->seq, "%s is signed with the key %s, which is nobody's in the policy",
                    word, one->by.text);
    else if (!text_equal(person->name, event->actor))
        judge_found(judge, NULL, event->seq, "%s is recorded as %s's, and signed by %s", word, event->actor,
                    person->name);
    else if (event->type == EVENT_GATE_FORCED && !person->break_glass)
        judge_found(judge, NULL, event->seq, "%s may not break glass by the policy", person->name);
    else if (event->type != EVENT_GATE_FORCED && event->role != NULL && !policy_may(person, event->role))
        judge_found(judge, NULL, event->seq, "%s is not %s in the policy, and decided as that", person->name,
                    event->role);
}

static void judge_one(struct judge *judge, const struct judged_signature *one)
{
    const struct policy *policy = judge->options->policy;
    const struct judged_session *session = session_at(judge, one->last_seq);
    uint64_t seq = one->event != NULL ? one->event->seq : 0;
    judge->commit = one->commit;
    if (one->signature == NULL) {
        if (session != NULL && session->key != NULL)
            judge_found(judge, NULL, 0, "is not signed: %s opened the run with the key %s", session->actor,
                        session->key);
        return;
    }
    if (one->result == ERR_CORRUPT) {
        judge_found(judge, NULL, seq, "%s: what was signed is not what stands here", one->err.message);
        return;
    }
    /* No answer is none: neither that it holds nor that it does not. */
    if (one->result < 0) {
        judge_found(judge, NULL, seq, "the signature could not be checked: %s", one->err.message);
        return;
    }
    const struct policy_person *person = policy != NULL ? policy_person_of(policy, one->by.text) : NULL;
    count_signer(judge, one, person != NULL ? person->name : NULL);
    if (one->event != NULL)
        judge_decision_signer(judge, one, person);
    else
        judge_commit_signer(judge, one, person);
}

/* ---- the policy ---- */

/* Of the copy in the trail: told, not believed. 0: it says none. */
static int64_t version_in_trail(struct judge *judge)
{
    struct json_faults *faults = arena_alloc(judge->arena, sizeof(*faults));
    json_faults_init(faults, judge->arena);
    const struct json *object = judge->policy_text != NULL
                                    ? json_parse(judge->arena, judge->policy_text, judge->policy_len, faults)
                                    : NULL;
    const struct json *version = object != NULL ? json_member(object, "version") : NULL;
    return version != NULL && version->integer ? (int64_t)version->number : 0;
}

static void judge_other_policy(struct judge *judge, const char *used)
{
    int64_t then = version_in_trail(judge), now = judge->options->policy->version;
    if (now > then)
        judge_say(judge, VERIFY_NOTE, NULL, 0,
                  "the run went by version %lld of the policy, and is held against version %lld",
                  (long long)then, (long long)now);
    else
        judge_found(
            judge, "policy.json", 0,
            "the run went by version %lld of the policy (SHA-256 %s), the one that was given is version "
            "%lld (SHA-256 %s): %s",
            (long long)then, used, (long long)now, judge->options->policy_sha256,
            now < then ? "an older one" : "another one of the same version");
}

static void judge_policy(struct judge *judge)
{
    const char *used = judge->session_count > 0 ? judge->sessions[0].policy : NULL;
    const struct verify_options *options = judge->options;
    if (used == NULL && options->policy == NULL)
        judge_say(judge, VERIFY_NOTE, NULL, 0, "names are claimed, not proven: no policy");
    else if (used == NULL)
        judge_found(judge, NULL, 0,
                    "the run was begun without a policy, though one is given: names in it are claimed, not "
                    "proven, and whoever could write here could have written all of it (--signers none when "
                    "that is expected)");
    else if (options->policy == NULL)
        judge_found(
            judge, NULL, 0,
            "the run goes by a policy (SHA-256 %s) and none was given: who signed cannot be told (say "
            "--signers FILE)",
            used);
    else if (!text_equal(used, options->policy_sha256))
        judge_other_policy(judge, used);
}

void judge_signatures(struct judge *judge)
{
    judge->report->signers = arena_array(judge->arena, VERIFY_SIGNERS_MAX, sizeof(struct verify_signer));
    if (!judge->journal.broken || judge->session_count > 0)
        judge_policy(judge);
    judge_each(judge);
    for (size_t i = 0; i < judge->signature_count; i++)
        judge_one(judge, &judge->signatures[i]);
    judge->commit = NULL;
}
