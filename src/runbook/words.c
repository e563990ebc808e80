#include <stddef.h>

#include "load.h"

#define WORD_OF_STEP(name, word, changes, resumes)    [name] = word,
#define CHANGES_OF_STEP(name, word, changes, resumes) [name] = changes,
#define RESUMES_OF_STEP(name, word, changes, resumes) [name] = resumes,
#define WORD_OF_PHASE(name, word)                     [name] = word,

const char *const step_kind_words[] = { STEP_KINDS(WORD_OF_STEP) NULL };
const char *const phase_kind_words[] = { PHASE_KINDS(WORD_OF_PHASE) NULL };
const char *const comparison_words[] = { "<", "<=", "=", "!=", ">=", ">", NULL };
const char *const risk_words[] = { "LOW", "MEDIUM", "HIGH", NULL };
const char *const target_engine_words[] = { "postgresql", "mysql", "mariadb", NULL };
const char *const target_role_words[] = { "primary", "replica", NULL };
const char *const monitor_kind_words[] = {
    "lag", "locks", "transactions", "progress", "query", "http", NULL
};

#define WORD_OF_TOOL(name, word, version) [name] = word,
const char *const osc_tool_words[] = { OSC_TOOLS(WORD_OF_TOOL) NULL };

static const bool step_changes[] = { STEP_KINDS(CHANGES_OF_STEP) };
static const bool step_resumes[] = { STEP_KINDS(RESUMES_OF_STEP) };

_Static_assert(ARRAY_LEN(step_kind_words) == STEP_KIND_COUNT + 1, "a word for each");
_Static_assert(ARRAY_LEN(phase_kind_words) == PHASE_KIND_COUNT + 1, "a word for each");
_Static_assert(ARRAY_LEN(comparison_words) == COMPARISON_COUNT + 1, "a word for each");
_Static_assert(ARRAY_LEN(risk_words) == RISK_COUNT, "a word for each but unstated");
_Static_assert(ARRAY_LEN(target_engine_words) == TARGET_ENGINE_COUNT + 1, "a word for each");
_Static_assert(ARRAY_LEN(target_role_words) == TARGET_ROLE_COUNT, "a word for each but unstated");
_Static_assert(ARRAY_LEN(osc_tool_words) == OSC_TOOL_COUNT + 1, "a word for each");
_Static_assert(ARRAY_LEN(monitor_kind_words) == MONITOR_KIND_COUNT + 1, "a word for each");

const char *step_kind_word(enum step_kind kind)
{
    return step_kind_words[kind];
}

bool step_kind_changes(enum step_kind kind)
{
    return step_changes[kind];
}

bool step_kind_resumes(enum step_kind kind)
{
    return step_resumes[kind];
}

const char *phase_kind_word(enum phase_kind kind)
{
    return phase_kind_words[kind];
}

const char *risk_word(enum risk risk)
{
    return risk == RISK_UNSTATED ? "" : risk_words[risk - RISK_LOW];
}

const char *comparison_word(enum comparison is)
{
    return comparison_words[is];
}

const char *monitor_kind_word(enum monitor_kind kind)
{
    return monitor_kind_words[kind];
}

const char *target_engine_word(enum target_engine engine)
{
    return target_engine_words[engine];
}

const char *osc_tool_word(enum osc_tool tool)
{
    return osc_tool_words[tool];
}
