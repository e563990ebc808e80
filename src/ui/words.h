/*
 * How things are said on the screen: states as glyph, word and style; ages, values, estimates. What is not
 * known is said so and never looks like a number.
 */
#ifndef UI_PRIVATE_WORDS_H
#define UI_PRIVATE_WORDS_H

#include "aim.h"

struct look {
    enum glyph glyph;
    enum role_style style;
    const char *word; /* capitals: "RUNNING" */
};

/* Of a step as shown (ready and blocked told apart); `irreversible` pending steps have a look of their own.
 */
struct look look_of_step(const struct run *run, size_t step);
struct look look_of_work(const struct run *run, struct aim aim);
struct look look_of_verdict(enum condition_verdict verdict);
struct look look_of_vote(enum choice vote);

/* "now" up to 2 s, then whole seconds, then a clock face: an age that does not change twenty times a second.
 */
void words_age(struct buf *buf, int64_t age_us);
/* A metric's value with the unit that its name says: "0.4 s", "1.2M", "73 %", "3". */
void words_metric(struct buf *buf, const char *metric, double value);
/* The value of a sample; "---" where it is not known, or where there is none. */
void words_sampled(struct buf *buf, const struct sample_metric *metric);
/* The metric's name for people, without its unit: "reply", "behind us". */
void words_metric_name(struct buf *buf, const char *metric);
/* "< 1 s" */
void words_need(struct buf *buf, const struct condition *condition);
/* As duration_about, or "~00:05..00:08"; "" when unstated. */
void words_estimate(struct buf *buf, const struct duration_range *estimate);
/* "slow +45 %", "suspiciously fast", "". */
void words_pace(struct buf *buf, const struct duration_range *estimate, int64_t elapsed_us, bool ended);
/* Time that a step or entry took, or takes until now; -1 when it never began. */
int64_t work_elapsed_us(const struct work *work, struct instant now);

/* Label for it: "SQL", "RUN", "DO", "WAIT", "ASK". */
const char *words_what_label(const struct step *step);

#endif
