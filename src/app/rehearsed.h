/* Whether a run may begin by what is known of its rehearsal. */
#ifndef APP_REHEARSED_H
#define APP_REHEARSED_H

#include "rehearse/certificate.h"
#include "sign/policy.h"
#include "wire/rundir.h"

/* Holds the frozen certificate against the book and its `rehearsal`, and puts its SHA-256 into run.json. A
 * certificate of another book is refused always (ERR_REFUSED); what else it lacks, where a live run wants
 * one, and told in `ret_note` where it does not. `ret_note` is what the trail is to say of it; NULL: nothing.
 */
int rehearsed_begin(struct arena *arena, struct frozen *frozen, const struct book *book, struct instant now,
                    const char **ret_note, struct err *err) MUST_CHECK;

/* Who has signed it. `policy` NULL: there is none, and any key is. */
struct rehearsed_signer {
    const char *key;    /* fingerprint; NULL: nobody has signed it */
    const char *person; /* by the policy; NULL */
    const char *lack;   /* why the signature says nothing; NULL: it is right */
};
void rehearsed_signer(struct arena *arena, const struct certificate *certificate, const struct policy *policy,
                      struct rehearsed_signer *ret);

/* Asks the servers of the book's targets: why they are none like those of the rehearsal, by engine and major
 * version, or not known to be; NULL: they are. `ret_note` is what differs besides ("; target ..."), or "". */
const char *rehearsed_servers(struct arena *arena, const struct certificate *certificate,
                              const struct book *book, const char **ret_note);

/* What the first thing was that went wrong: "midpoint add-column: different: ..."; "" when none did. */
const char *rehearsed_wrong(struct arena *arena, const struct certificate *certificate);
/* "3 days", "5 hours", "12 minutes". */
const char *rehearsed_age(struct arena *arena, int64_t age_us);
/* Why such an age cannot be: it ended later than now, by more than clocks differ; NULL: it can. */
const char *rehearsed_ahead(int64_t age_us);

#endif
