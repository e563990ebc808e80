#include "telling.h"

#include "base/text.h"

/* ---- what was run with ---- */

/* Who began it, by name and key. */
static const char *beginner(struct telling *t)
{
    return arena_format(t->arena, "%s%s%s", t->run->operator, t->run->operator_key != NULL ? ", key " : "",
                        told_or(t->run->operator_key, ""));
}

const char *told_rehearsal(struct telling *t)
{
    const struct chronicle_certificate *certificate = t->facts->certificate;
    const struct rehearsal *wanted = t->book->rehearsal;
    if (t->book->unrehearsed != NULL)
        return arena_format(t->arena, "WAIVED by %s: %s", beginner(t), t->book->unrehearsed);
    if (certificate != NULL)
        return arena_format(t->arena, "%s on %s; %s%s", told_date(t, certificate->ended_us),
                            certificate->host, certificate->wrong != NULL ? "NOT passed: " : "passed",
                            told_or(certificate->wrong, ""));
    if (text_equal(t->run->environment, "rehearsal"))
        return "this run is one";
    return wanted != NULL && wanted->required_us > 0
               ? "no certificate was given: the book asks for one of live runs only"
               : "no certificate was given, and the book asks for none";
}

static const char *signer(struct telling *t, const struct chronicle_certificate *certificate)
{
    if (certificate->key == NULL)
        return told_or(certificate->lack, "nobody has signed it");
    return arena_format(t->arena, "%s, key %s%s%s",
                        told_or(certificate->person, "somebody whom the run's policy does not name"),
                        certificate->key, certificate->lack != NULL ? ": " : "",
                        told_or(certificate->lack, ""));
}

static void put_certificate(struct telling *t, const struct chronicle_certificate *certificate)
{
    int64_t age_us = t->chronicle->opened.wall_us - certificate->ended_us;
    document_heading(t->document, 2, "Certificate of the rehearsal");
    document_item(
        t->document, "Rehearsed",
        arena_format(t->arena, "%s, %s%s", told_date(t, certificate->ended_us),
                     told_duration(t, age_us > 0 ? age_us : -age_us),
                     age_us > 0 ? " before this run began" : " AFTER this run began, by its clock"));
    document_item(t->document, "By",
                  arena_format(t->arena, "%s on %s, with tminus %s %s", certificate->operator,
                               certificate->host, certificate->version, certificate->asked));
    document_item(t->document, "On", told_or(certificate->servers, "no server"));
    document_item(t->document, "Came to",
                  certificate->wrong != NULL ? arena_format(t->arena, "NOT passed: %s", certificate->wrong)
                                             : "passed: nothing that was tried came out wrong");
    document_item(t->document, "Way back",
                  certificate->all ? "tried from every step that has one" : "NOT tried from every step");
    document_item(t->document, "Signed by", signer(t, certificate));
    document_item(t->document, "SHA-256 of its file", told_or(certificate->sha256, "not said"));
    if (t->book->rehearsed_otherwise != NULL)
        document_item(t->document, "Rehearsed with other params", t->book->rehearsed_otherwise);
}

void tell_rehearsal(struct telling *t)
{
    if (t->facts->certificate != NULL)
        put_certificate(t, t->facts->certificate);
}
