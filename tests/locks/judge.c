/*
 * The server is the judge: what the room says of each form of the table of facts, against what a PostgreSQL
 * does when the statement is carried out. Prints the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "claim.h"
#include "effect.h"
#include "linted.h"
#include "rows.h"
#include "truth.h"

struct judged {
    const struct row *row;
    size_t count; /* statements */
    struct effect truth[ROW_STATEMENTS_MAX], claim[ROW_STATEMENTS_MAX], dumped[ROW_STATEMENTS_MAX],
        blind[ROW_STATEMENTS_MAX];
};

static struct pg_pair pair;
static struct arena *arena;
static struct judged *all; /* of the facts, then the others */
static size_t all_count;

static const struct effect *last(const struct effect *effects, const struct judged *judged)
{
    return &effects[judged->count - 1];
}

/* ---- faults ---- */

static size_t faults;

static void fault(const struct judged *judged, size_t statement, const char *what, const struct effect *claim)
{
    const struct row *row = judged->row;
    struct buf buf;

    buf_init(&buf, 64 * 1024);
    buf_format(&buf, "%d: %s\n    %s\n    the server: ", row->fact, row->statements[statement], what);
    effect_text(&buf, &judged->truth[statement]);
    buf_text(&buf, "\n    our word:   ");
    effect_text(&buf, claim);
    buf_format(&buf, "%s (%s)\n", claim->dangerous ? "; dangerous" : "",
               claim->rule ? claim->rule : "no finding");
    (void)fputs(buf_str(&buf), stdout);
    (void)fflush(stdout);
    buf_finish(&buf);
    faults++;
}

static void no_faults(void)
{
    size_t found = faults;

    faults = 0;
    if (found > 0)
        fail_msg("%zu differences", found);
}

/* ---- sameness ---- */

static bool same_locks(const struct effect *a, const struct effect *b)
{
    for (size_t i = 0; i < a->lock_count; i++) {
        if (effect_lock_on(b, a->locks[i].relation) != a->locks[i].mode)
            return false;
    }
    return a->lock_count == b->lock_count;
}

static bool same_names(const struct effect_names *a, const struct effect_names *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!effect_name_in(b, a->list[i]))
            return false;
    }
    return a->count == b->count;
}

/* A new index is "table(columns) name" to the server, and one is meant with or without its schema. */
static bool is_index(const char *truth, const char *claim)
{
    size_t len = strlen(claim), whole = strlen(truth);

    return text_equal(truth, claim) || (text_starts(truth, claim) && truth[len] == ' ') ||
           (whole > len && strchr(" .", truth[whole - len - 1]) && text_equal(truth + whole - len, claim));
}

static bool same_builds(const struct effect_names *truth, const struct effect_names *claim)
{
    for (size_t i = 0; i < truth->count; i++) {
        size_t k = 0;

        while (k < claim->count && !is_index(truth->list[i], claim->list[k]))
            k++;
        if (k == claim->count)
            return false;
    }
    return truth->count == claim->count;
}

/* What is different, NULL for nothing. */
static const char *difference(const struct effect *truth, const struct effect *claim)
{
    if (!claim->understood)
        return "it is not understood";
    if (!same_locks(truth, claim))
        return "locks differ";
    if (!same_names(&truth->rewrites, &claim->rewrites))
        return "rewrites differ";
    if (!same_names(&truth->scans, &claim->scans))
        return "scans differ";
    if (!same_builds(&truth->builds, &claim->builds))
        return "builds differ";
    return NULL;
}

/* ---- strength ---- */

static size_t work_count(const struct effect *effect)
{
    return effect->rewrites.count - effect->emptied.count + effect->scans.count + effect->builds.count;
}

/* Others wait for longer than a moment, or it fails. */
static bool is_danger(const struct effect *truth)
{
    return truth->failure || (sql_lock_blocks_writes(effect_strongest(truth)) && work_count(truth) > 0);
}

/* How a claim is weaker than the truth; NULL: it is not. A relation that the text does not name cannot be
 * named by who knows no catalog, but then the statement is dangerous. */
static const char *weakness(const struct row *row, const struct effect *truth, const struct effect *claim)
{
    if (is_danger(truth) && !claim->dangerous && row->verdict != VERDICT_LEFT)
        return "it is dangerous, and we say it is not";
    if (effect_strongest(claim) < effect_strongest(truth) && !claim->dangerous &&
        (sql_lock_blocks_writes(effect_strongest(truth)) || !claim->rule))
        return "our strongest lock is weaker";
    for (size_t i = 0; i < truth->lock_count; i++) {
        enum sql_lock_mode mode = effect_lock_on(claim, truth->locks[i].relation);

        if (mode != SQL_LOCK_NONE && mode < truth->locks[i].mode)
            return "a lock is weaker";
    }
    if (truth->rewrites.count > 0 && claim->rewrites.count == 0 && !claim->dangerous)
        return "it rewrites";
    return NULL;
}

/* What others wait for and who knows the catalog does not name; NULL: nothing, or it owns that it does not
 * know. */
static const char *silence(const struct effect *truth, const struct effect *claim)
{
    for (size_t i = 0; claim->understood && !truth->failure && i < truth->lock_count; i++) {
        if (sql_lock_blocks_writes(truth->locks[i].mode) &&
            effect_lock_on(claim, truth->locks[i].relation) == SQL_LOCK_NONE)
            return "a relation is not named";
    }
    return NULL;
}

/* What is held since a statement before is not waited for. */
static bool waits_strongly(const struct judged *judged, size_t statement)
{
    const struct effect *truth = &judged->truth[statement];

    for (size_t i = 0; i < truth->lock_count; i++) {
        enum sql_lock_mode mode = truth->locks[i].mode;

        if (mode >= SQL_SHARE_ROW_EXCLUSIVE &&
            (statement == 0 ||
             effect_lock_on(&judged->truth[statement - 1], truth->locks[i].relation) < mode))
            return true;
    }
    return false;
}

/* ---- the table ---- */

static const char *word_if(bool it_is, const char *word)
{
    return it_is ? word : "";
}

static void print_row(const struct judged *judged)
{
    const struct effect *truth = last(judged->truth, judged), *claim = last(judged->claim, judged);

    printf("%3d  %-24s %-8s%-5s%-6s%-6s %-10s %-40s %s\n", judged->row->fact,
           sql_lock_mode_word(effect_strongest(truth)), word_if(truth->rewrites.count > 0, "rewrite"),
           word_if(truth->scans.count > 0, "scan"), word_if(truth->builds.count > 0, "build"),
           word_if(truth->failure, "fails"), word_if(claim->dangerous, "dangerous"),
           claim->rule ? claim->rule : "", judged->row->statements[judged->count - 1]);
}

static int judge_all(void **state)
{
    struct truth truth;
    const char *dump, *setup;

    (void)state;
    if (pg_pair_start(&pair, 1) < 0)
        return -1;
    arena = arena_create();
    all_count = fact_count + other_count;
    all = mem_array(all_count, sizeof(*all));
    truth_begin(&truth, &pair, arena);
    setup = arena_format(arena, "%s%s", setup_tables, setup_partitions);
    dump = truth_dump(&truth, &pair);
    for (size_t i = 0; i < all_count; i++) {
        const struct row *row = i < fact_count ? &fact_rows[i] : &other_rows[i - fact_count];

        all[i].row = row;
        while (all[i].count < ROW_STATEMENTS_MAX && row->statements[all[i].count])
            all[i].count++;
        truth_of(&truth, row, all[i].truth);
        claim_of(arena, row, setup, all[i].claim);
        claim_of(arena, row, dump, all[i].dumped);
        claim_of(arena, row, NULL, all[i].blind);
        for (size_t k = 0; k < all[i].count; k++) {
            truth_weigh_indexes(&truth, &all[i].claim[k]);
            truth_weigh_indexes(&truth, &all[i].dumped[k]);
        }
        print_row(&all[i]);
    }
    truth_end(&truth);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pg_pair_stop(&pair);
    free(all);
    arena_destroy(arena);
    return 0;
}

/* ---- the tests ---- */

/* Each form does on this server what the facts say of it: else the rest shows nothing. */
static void test_forms_are_what_they_are_there_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < all_count; i++) {
        const struct effect *truth = last(all[i].truth, &all[i]);
        unsigned work = (truth->rewrites.count > 0 ? WORK_REWRITE : 0) |
                        (truth->scans.count > 0 ? WORK_SCAN : 0) |
                        (truth->builds.count > 0 ? WORK_BUILD : 0) | (truth->failure ? WORK_FAILS : 0);

        if (!text_equal(sql_lock_mode_word(effect_strongest(truth)), all[i].row->lock))
            fault(&all[i], all[i].count - 1, "its strongest lock is not the row's", truth);
        if (work != all[i].row->work)
            fault(&all[i], all[i].count - 1, "its work is not the row's", truth);
    }
    no_faults();
}

static void test_facts_have_rows(void **state)
{
    bool has[56] = { false };

    (void)state;
    for (size_t i = 0; i < fact_count; i++)
        has[fact_rows[i].fact] = true;
    for (int fact = 1; fact <= 55; fact++) {
        if (!has[fact])
            fail_msg("fact %d has no row", fact);
    }
}

static void hold_against_truth(const struct judged *judged, const struct effect *claims)
{
    for (size_t i = 0; i < judged->count; i++) {
        const struct effect *truth = &judged->truth[i];
        const char *what = judged->row->open || truth->failure ? NULL : difference(truth, &claims[i]);

        if (!what)
            what = weakness(judged->row, truth, &claims[i]);
        if (!what)
            what = silence(truth, &claims[i]);
        if (!what && waits_strongly(judged, i) && !claims[i].wants_timeout && !truth->failure)
            what = "it waits with others behind it, and we ask for no lock_timeout";
        if (what)
            fault(judged, i, what, &claims[i]);
    }
}

static void test_claims_are_the_truth(void **state)
{
    (void)state;
    for (size_t i = 0; i < all_count; i++)
        hold_against_truth(&all[i], all[i].claim);
    no_faults();
}

static void test_claims_from_a_dump_are_the_truth(void **state)
{
    (void)state;
    for (size_t i = 0; i < all_count; i++)
        hold_against_truth(&all[i], all[i].dumped);
    no_faults();
}

static void test_claims_without_a_catalog_are_not_weaker(void **state)
{
    (void)state;
    for (size_t i = 0; i < all_count; i++) {
        for (size_t k = 0; k < all[i].count; k++) {
            const char *what = weakness(all[i].row, &all[i].truth[k], &all[i].blind[k]);

            if (what && all[i].row->verdict != VERDICT_CATALOG)
                fault(&all[i], k, what, &all[i].blind[k]);
        }
    }
    no_faults();
}

static void test_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < all_count; i++) {
        const struct effect *truth = last(all[i].truth, &all[i]), *claim = last(all[i].claim, &all[i]);

        if (all[i].row->verdict == VERDICT_DANGER && !claim->dangerous)
            fault(&all[i], all[i].count - 1, "it is dangerous", claim);
        if (all[i].row->verdict == VERDICT_FINE && claim->dangerous)
            fault(&all[i], all[i].count - 1, "it is not dangerous", claim);
        if (effect_strongest(truth) <= SQL_ROW_EXCLUSIVE && !truth->failure && claim->wants_timeout &&
            claim->understood)
            fault(&all[i], all[i].count - 1, "nobody queues behind it", claim);
    }
    no_faults();
}

/* The first row whose last statement it is. */
static const struct judged *find_row(const char *statement)
{
    for (size_t i = 0; i < all_count; i++) {
        if (text_equal(all[i].row->statements[all[i].count - 1], statement))
            return &all[i];
    }
    fail_msg("no row is about %s", statement);
    return NULL;
}

struct tally {
    size_t linted, ours;
};

/* Each has to be what its table says of it on this server. */
static struct tally count_named(const struct linted *forms, size_t count, bool works)
{
    struct tally tally = { 0, 0 };

    for (size_t i = 0; i < count; i++) {
        const struct judged *judged = find_row(forms[i].statement);
        const struct effect *truth = last(judged->truth, judged), *claim = last(judged->claim, judged);
        bool does =
            work_count(truth) + truth->emptied.count > 0 && sql_lock_blocks_writes(effect_strongest(truth));

        if (does != works)
            fault(judged, judged->count - 1, "it is in the wrong table", claim);
        if (claim->dangerous != works)
            fault(judged, judged->count - 1, works ? "it is missed" : "it is a false alarm", claim);
        tally.linted += forms[i].flagged;
        tally.ours += claim->dangerous;
    }
    return tally;
}

static void test_none_is_missed_and_no_alarm_is_false(void **state)
{
    struct tally working = count_named(linted_working, linted_working_count, true);
    struct tally harmless = count_named(linted_harmless, linted_harmless_count, false);

    (void)state;
    printf("forms that work under a lock that blocks writes: %zu; squawk 2.66 names %zu, we %zu\n",
           linted_working_count, working.linted, working.ours);
    printf("forms that do not: %zu; squawk 2.66 names %zu, we %zu\n", linted_harmless_count, harmless.linted,
           harmless.ours);
    no_faults();
    assert_int_equal(linted_working_count, 43);
    assert_int_equal(working.linted, 28);
    assert_int_equal(working.ours, 43);
    assert_int_equal(linted_harmless_count, 7);
    assert_int_equal(harmless.linted, 7);
    assert_int_equal(harmless.ours, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_have_rows),
        cmocka_unit_test(test_forms_are_what_they_are_there_for),
        cmocka_unit_test(test_claims_are_the_truth),
        cmocka_unit_test(test_claims_from_a_dump_are_the_truth),
        cmocka_unit_test(test_claims_without_a_catalog_are_not_weaker),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_none_is_missed_and_no_alarm_is_false),
    };

    return cmocka_run_group_tests(tests, judge_all, end);
}
