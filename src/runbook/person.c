#include "shape.h"
#include "step.h"

/* What a person does and says, and what stands in for them where nobody is. */

struct unattended_fields {
    const char *text;
    struct json_texts argv;
};

static const struct json_field fields[] = {
    { "text", JSON_FIELD_TEXT, offsetof(struct unattended_fields, text), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "what is recorded as evidence" },
    { "argv", JSON_FIELD_TEXTS, offsetof(struct unattended_fields, argv), JSON_NONEMPTY, NULL, 0, 0,
      "a program and its arguments, which does it and has to end with 0; no shell unless it names one" },
    { 0 },
};
static const struct json_field argument = {
    "argv", JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, "the program, or an argument"
};
static const struct shape_part parts[] = { { "argv", FORM_LIST, .item = &argument }, { 0 } };
const struct shape unattended_shape = { .name = "unattended", .fields = fields, .parts = parts };

/* Nothing puts in what is known only later: it is fixed when the book is loaded. */
static const struct unattended *load_unattended(struct loader *l, const struct json *source)
{
    struct unattended *unattended = arena_alloc(l->arena, sizeof(*unattended));
    struct unattended_fields raw = { 0 };
    const struct json *where = source;
    if (source->type == JSON_TEXT) {
        raw.text = source->text;
        if (raw.text[0] == '\0')
            load_fault(l, source, "\"unattended\" must not be empty: it is recorded as evidence");
    } else if (source->type == JSON_OBJECT) {
        where = load_at(source, "text");
        load_fields(l, source, fields, &raw, "unattended");
    } else {
        load_fault(l, source, "\"unattended\" is a text, or an object with \"text\" and \"argv\"; this is %s",
                   json_type_word(source->type));
    }
    if (raw.text)
        refuse_later(l, where, raw.text);
    unattended->text = resolve(l, where, raw.text, LAND_TEXT);
    for (size_t i = 0; i < raw.argv.count; i++)
        refuse_later(l, load_item(load_at(source, "argv"), i), raw.argv.list[i]);
    unattended->argv = load_argv(l, source, &raw.argv);
    unattended->argv_count = raw.argv.count;
    return unattended;
}

void load_step_person(struct loader *l, const struct json *source, const struct step_person *person,
                      struct step *step)
{
    step->by = person->by;
    step->evidence = person->evidence;
    step->instructions = resolve(l, load_at(source, "instructions"), person->instructions, LAND_TEXT);
    (void)load_reference(l, load_at(source, "by"), &l->ids->roles, "role", person->by); /* kept by name */
    if (person->unattended)
        step->unattended = load_unattended(l, person->unattended);
}
