#include "help.h"

#include "actions.h"
#include "keys.h"

#define NAME_CELLS 10

/* The n-th row that is offered here; NULL after the last. */
static const struct key_row *nth(const struct ui *ui, int index)
{
    for (size_t i = 0; i < keys_count(); i++) {
        const struct key_row *row = keys_row(i);
        if (key_offered(ui, row) && index-- == 0)
            return row;
    }
    return NULL;
}

static int count_rows(const struct ui *ui)
{
    int count = 0;
    for (size_t i = 0; i < keys_count(); i++)
        count += key_offered(ui, keys_row(i));
    return count;
}

static void run_chosen(struct ui *ui)
{
    const struct key_row *row = nth(ui, ui->dialog.chosen);
    dialog_close(ui);
    if (row != NULL && row->run != do_mouse && row->run != do_pane)
        row->run(ui, &(struct ui_key){ .code = row->codes[0] });
}

static void choose(struct ui *ui, int by)
{
    int last = count_rows(ui) - 1;
    int at = ui->dialog.chosen + by;
    ui->dialog.chosen = at < 0 ? 0 : at > last ? last : at;
}

void help_key(struct ui *ui, const struct ui_key *key)
{
    static const struct {
        uint32_t code;
        int by;
    } moves[] = {
        { KEY_CODE_UP, -1 },      { 'k', -1 },    { KEY_CODE_WHEEL_UP, -1 },  { KEY_CODE_PAGE_UP, -10 },
        { KEY_CODE_DOWN, 1 },     { 'j', 1 },     { KEY_CODE_WHEEL_DOWN, 1 }, { KEY_CODE_PAGE_DOWN, 10 },
        { KEY_CODE_HOME, -1000 }, { 'g', -1000 }, { KEY_CODE_END, 1000 },     { 'G', 1000 },
    };
    if (key->code == ' ' && !ui->options.replay) {
        do_hold(ui, key);
        return;
    }
    if (key->code == KEY_CODE_ENTER) {
        run_chosen(ui);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        if (moves[i].code == key->code) {
            choose(ui, moves[i].by);
            return;
        }
    }
    if (key->code == KEY_CODE_ESCAPE || key->code == 'q' || key->code == '?' || key->code == KEY_CODE_CTRL_C)
        dialog_close(ui);
}

void help_draw(struct ui *ui, const struct area *screen)
{
    int count = count_rows(ui);
    struct err why = ERR_INIT;
    int height = count + 2 < screen->rows ? count + 2 : screen->rows;
    int width = screen->columns < 84 ? screen->columns : 84;
    struct area box =
        area_part(screen, (screen->rows - height) / 2, (screen->columns - width) / 2, height, width);
    int rows = box.rows > 2 ? box.rows - 2 : 0;
    area_clear(&box, ROLE_PROMPT);
    area_fill(&box, 0, 0, box.columns, ROLE_PROMPT, GLYPH_HORIZONTAL);
    area_fill(&box, box.rows - 1, 0, box.columns, ROLE_PROMPT, GLYPH_HORIZONTAL);
    area_put(&box, 0, 2, ROLE_FOCUS, " KEYS THAT WORK HERE ");
    area_put(&box, box.rows - 1, 2, ROLE_PROMPT,
             can_hold(ui, &why) ? " Enter does the marked row  Esc closes  Space holds, always "
                                : " Enter does the marked row  Esc closes ");
    if (ui->dialog.chosen >= count)
        choose(ui, 0);
    int top = ui->dialog.chosen >= rows ? ui->dialog.chosen - rows + 1 : 0;
    for (int i = 0; i < rows && i + top < count; i++) {
        const struct key_row *row = nth(ui, i + top);
        bool chosen = i + top == ui->dialog.chosen;
        area_format(&box, i + 1, 2, ROLE_STRONG, "%s", row->name);
        area_put(&box, i + 1, 2 + NAME_CELLS, ROLE_PROMPT, row->help);
        if (chosen)
            area_style(&box, i + 1, 0, box.columns, ROLE_SELECTED);
    }
}
