#include "dialog.h"

#include <ctype.h>
#include <string.h>

#include "actions.h"
#include "base/text.h"
#include "help.h"

#define NOTE_MAX ((size_t)1024)

void dialog_init(struct dialog *dialog)
{
    *dialog = (struct dialog){ .type = DIALOG_NONE };
    for (size_t i = 0; i < DIALOG_FIELDS; i++)
        buf_init(&dialog->fields[i], INPUT_MAX);
    buf_init(&dialog->note, NOTE_MAX);
}

void dialog_finish(struct dialog *dialog)
{
    for (size_t i = 0; i < DIALOG_FIELDS; i++)
        buf_finish(&dialog->fields[i]);
    buf_finish(&dialog->note);
    kill_view_finish(&dialog->kill);
}

static int field_count(const struct dialog_kind *kind)
{
    int count = 0;
    while (count < DIALOG_FIELDS && kind->fields[count].kind != FIELD_NONE)
        count++;
    return count;
}

static int answer_count(const struct dialog_kind *kind)
{
    int count = 0;
    while (count < DIALOG_ANSWERS && kind->answers[count].label != NULL)
        count++;
    return count;
}

void dialog_open(struct ui *ui, enum dialog_type type)
{
    struct dialog *dialog = &ui->dialog;
    dialog->type = type;
    dialog->step = dialog->gate = dialog->trigger = BOOK_NONE;
    dialog->entry = 0;
    dialog->at = dialog->top = dialog->lines = dialog->rows = dialog->chosen = 0;
    buf_clear(&dialog->note);
    for (size_t i = 0; i < DIALOG_FIELDS; i++)
        buf_clear(&dialog->fields[i]);
    if (dialog_kind(type)->decides)
        ui_ask(ui, UI_REQUEST_FLUSH_INPUT);
}

void dialog_close(struct ui *ui)
{
    ui->dialog.type = DIALOG_NONE;
}

bool dialog_is_open(const struct ui *ui)
{
    return ui->dialog.type != DIALOG_NONE;
}

const char *dialog_field(const struct ui *ui, int field)
{
    const char *text = buf_str(&ui->dialog.fields[field]);
    return text + strspn(text, " ");
}

void dialog_prefill(struct ui *ui, int field, const char *text)
{
    buf_clear(&ui->dialog.fields[field]);
    buf_text(&ui->dialog.fields[field], text);
}

/* The word that was typed, among those that the dialog knows; -1. */
static int typed_word(const struct ui *ui, const struct dialog_kind *kind, int field)
{
    const char *typed = dialog_field(ui, field);
    const char *word;
    for (int i = 0; (word = kind->word(ui, i)) != NULL; i++) {
        if (strcmp(typed, word) == 0)
            return i;
    }
    return -1;
}

static bool field_complete(const struct ui *ui, const struct dialog_kind *kind, int field)
{
    switch (kind->fields[field].kind) {
    case FIELD_WORD:
        return typed_word(ui, kind, field) >= 0;
    case FIELD_TEXT:
        return *dialog_field(ui, field) != '\0';
    case FIELD_OPTIONAL:
    case FIELD_NONE:
        break;
    }
    return true;
}

static bool all_complete(const struct ui *ui, const struct dialog_kind *kind)
{
    for (int i = 0; i < field_count(kind); i++) {
        if (!field_complete(ui, kind, i))
            return false;
    }
    return true;
}

static bool all_empty(const struct ui *ui, const struct dialog_kind *kind)
{
    for (int i = 0; i < field_count(kind); i++) {
        if (*dialog_field(ui, i) != '\0')
            return false;
    }
    return true;
}

/* The answer that Enter gives now: the one that has the focus; else the safe one until all was typed; -1
 * while what was typed is neither nothing nor all. */
static int enter_answer(const struct ui *ui, const struct dialog_kind *kind)
{
    int fields = field_count(kind);
    if (ui->dialog.at >= fields)
        return ui->dialog.at - fields;
    if (all_complete(ui, kind)) {
        int word = kind->fields[0].kind == FIELD_WORD ? typed_word(ui, kind, 0) : -1;
        return word >= 0 ? kind->word_answer[word] : 1;
    }
    return all_empty(ui, kind) ? 0 : -1;
}

static void say_incomplete(struct ui *ui, const struct dialog_kind *kind)
{
    struct buf *note = &ui->dialog.note;
    buf_clear(note);
    for (int i = 0; i < field_count(kind); i++) {
        if (field_complete(ui, kind, i))
            continue;
        ui->dialog.at = i;
        if (kind->fields[i].kind == FIELD_WORD)
            buf_format(note, "that is not \"%s\": nothing was done", kind->word(ui, 0));
        else
            buf_format(note, "%s is missing: nothing was done", kind->fields[i].label);
        return;
    }
}

static void take(struct ui *ui, const struct dialog_kind *kind, int answer)
{
    if (kind->answers[answer].complete && !all_complete(ui, kind)) {
        say_incomplete(ui, kind);
        return;
    }
    dialog_close(ui);
    if (kind->answers[answer].take != NULL)
        kind->answers[answer].take(ui);
}

static void enter(struct ui *ui, const struct dialog_kind *kind)
{
    int fields = field_count(kind);
    int answer = enter_answer(ui, kind);
    bool more = ui->dialog.at + 1 < fields && field_complete(ui, kind, ui->dialog.at) &&
                !field_complete(ui, kind, ui->dialog.at + 1);
    if (more)
        ui->dialog.at++;
    else if (answer < 0)
        say_incomplete(ui, kind);
    else
        take(ui, kind, answer);
}

static void type_rune(struct ui *ui, uint32_t rune)
{
    struct buf *field = &ui->dialog.fields[ui->dialog.at];
    struct buf encoded;
    buf_init(&encoded, 8);
    text_encode(&encoded, rune);
    if (field->len + encoded.len <= field->max)
        buf_add(field, encoded.data, encoded.len);
    else
        ui->bell = true;
    buf_finish(&encoded);
}

static void erase_rune(struct buf *field)
{
    size_t len = field->len;
    while (len > 0 && ((unsigned char)field->data[len - 1] & 0xC0) == 0x80)
        len--;
    if (len > 0)
        len--;
    field->len = len;
    if (field->data != NULL)
        field->data[len] = '\0';
}

static void step_focus(struct ui *ui, const struct dialog_kind *kind, int direction)
{
    int places = field_count(kind) + answer_count(kind);
    ui->dialog.at = (ui->dialog.at + direction + places) % places;
    buf_clear(&ui->dialog.note);
}

static void scroll(struct ui *ui, int lines)
{
    struct dialog *dialog = &ui->dialog;
    int last = dialog->lines > dialog->rows ? dialog->lines - dialog->rows : 0;
    dialog->top += lines;
    dialog->top = dialog->top < 0 ? 0 : dialog->top > last ? last : dialog->top;
}

/* A letter where nothing is typed: the answer of that key, and Space holds as everywhere. */
static void press(struct ui *ui, const struct dialog_kind *kind, uint32_t rune)
{
    if (rune == ' ') {
        do_hold(ui, NULL);
        return;
    }
    for (int i = 0; i < answer_count(kind); i++) {
        if (kind->answers[i].key != 0 && kind->answers[i].key == rune) {
            take(ui, kind, i);
            return;
        }
    }
}

static void character(struct ui *ui, const struct dialog_kind *kind, uint32_t rune)
{
    int at = ui->dialog.at;
    if (at >= field_count(kind) || (rune == ' ' && kind->fields[at].kind == FIELD_WORD)) {
        press(ui, kind, rune);
        return;
    }
    buf_clear(&ui->dialog.note);
    type_rune(ui, rune);
}

static void control(struct ui *ui, const struct dialog_kind *kind, uint32_t code)
{
    bool in_field = ui->dialog.at < field_count(kind);
    struct buf *field = in_field ? &ui->dialog.fields[ui->dialog.at] : NULL;
    int lines = ui->dialog.rows > 1 ? ui->dialog.rows - 1 : 1;
    if (code == KEY_CODE_ENTER)
        enter(ui, kind);
    else if (code == KEY_CODE_ESCAPE || code == KEY_CODE_CTRL_C)
        take(ui, kind, 0);
    else if (code == KEY_CODE_TAB || code == KEY_CODE_RIGHT)
        step_focus(ui, kind, 1);
    else if (code == KEY_CODE_BACKTAB || code == KEY_CODE_LEFT)
        step_focus(ui, kind, -1);
    else if (code == KEY_CODE_BACKSPACE && in_field)
        erase_rune(field);
    else if (code == KEY_CODE_BACKSPACE || code == KEY_CODE_CTRL_U)
        buf_clear(in_field ? field : &ui->dialog.note);
    else if (code == KEY_CODE_UP || code == KEY_CODE_WHEEL_UP)
        scroll(ui, -1);
    else if (code == KEY_CODE_DOWN || code == KEY_CODE_WHEEL_DOWN)
        scroll(ui, 1);
    else if (code == KEY_CODE_PAGE_UP)
        scroll(ui, -lines);
    else if (code == KEY_CODE_PAGE_DOWN)
        scroll(ui, lines);
    else if (code == KEY_CODE_CTRL_L)
        do_repaint(ui, NULL);
}

void dialog_key(struct ui *ui, const struct ui_key *key)
{
    const struct dialog_kind *kind = dialog_kind(ui->dialog.type);
    if (ui->dialog.type == DIALOG_HELP) {
        help_key(ui, key);
        return;
    }
    bool is_character = key->code >= 0x20 && key->code < 0x110000 && key->code != 0x7F &&
                        (key->code < 0x80 || key->code > 0x9F) && (key->code < 0xD800 || key->code > 0xDFFF);
    if (is_character)
        character(ui, kind, key->code);
    else
        control(ui, kind, key->code);
}

/* ---- drawing ---- */

#define BOX_MOST   76
#define BOX_AROUND 4 /* two cells of frame and blank at each side */

static void draw_frame(const struct area *box)
{
    int last = box->columns - 1;
    int bottom = box->rows - 1;
    area_clear(box, ROLE_PROMPT);
    area_fill(box, 0, 0, box->columns, ROLE_PROMPT, GLYPH_HORIZONTAL);
    area_fill(box, bottom, 0, box->columns, ROLE_PROMPT, GLYPH_HORIZONTAL);
    for (int row = 1; row < bottom; row++) {
        area_glyph(box, row, 0, ROLE_PROMPT, GLYPH_VERTICAL);
        area_glyph(box, row, last, ROLE_PROMPT, GLYPH_VERTICAL);
    }
    area_glyph(box, 0, 0, ROLE_PROMPT, GLYPH_CORNER_TOP_LEFT);
    area_glyph(box, 0, last, ROLE_PROMPT, GLYPH_CORNER_TOP_RIGHT);
    area_glyph(box, bottom, 0, ROLE_PROMPT, GLYPH_CORNER_BOTTOM_LEFT);
    area_glyph(box, bottom, last, ROLE_PROMPT, GLYPH_CORNER_BOTTOM_RIGHT);
}

/* The end of a text that is longer than its field is what is being typed. */
static void draw_field(const struct ui *ui, const struct area *area, int row, int column, int field)
{
    const char *text = buf_str(&ui->dialog.fields[field]);
    int width = area->columns - column - 1;
    while (width > 0 && visible_width(text) > width) {
        uint32_t rune;
        int step = text_decode(text, strlen(text), &rune);
        text += step > 0 ? step : 1;
    }
    int end = area_put(area, row, column, ROLE_STRONG, text);
    if (ui->dialog.at == field && row >= 0 && row < area->rows && end < area->columns) {
        area->canvas->cursor_row = area->row + row;
        area->canvas->cursor_column = area->column + end;
    }
}

static void draw_answers(const struct ui *ui, const struct dialog_kind *kind, const struct area *area,
                         int row)
{
    int chosen = enter_answer(ui, kind);
    int column = 0;
    for (int i = 0; i < answer_count(kind); i++) {
        enum role_style style = i == chosen ? ROLE_FOCUS : ROLE_PROMPT;
        column = area_format(area, row, column, style, "[ %s ]", kind->answers[i].label) + 2;
    }
    const char *hint = "Enter takes the marked one";
    if (chosen >= 0 && column + visible_width(hint) <= area->columns)
        area_right(area, row, area->columns, ROLE_PROMPT, hint);
}

static void draw_box(struct ui *ui, const struct dialog_kind *kind, const struct area *screen)
{
    struct dialog *dialog = &ui->dialog;
    int width = screen->columns - BOX_AROUND < BOX_MOST ? screen->columns : BOX_MOST + BOX_AROUND;
    if (screen->columns > 140 && kind->body != NULL)
        width = screen->columns * 3 / 5;
    struct area nowhere = { screen->canvas, 0, 0, 0, width - BOX_AROUND };
    struct page count = page_begin(&nowhere, 0, 0);
    if (kind->body != NULL)
        kind->body(ui, &count);
    int fields = field_count(kind);
    int fixed = 2 + fields * 2 + 2; /* frame; fields with a blank before each; blank and answers */
    int most = screen->rows - fixed;
    dialog->lines = count.line;
    dialog->rows = count.line < most ? count.line : most < 0 ? 0 : most;
    scroll(ui, 0);
    int height = fixed + dialog->rows;
    /* Above the key bar, where it covers the log rather than what the answer hangs on. */
    struct area box =
        area_part(screen, screen->rows - 1 - height, (screen->columns - width) / 2, height, width);
    draw_frame(&box);
    area_format(&box, 0, 2, ROLE_FOCUS, " %s ", kind->title);
    struct area inside = area_part(&box, 1, 2, box.rows - 2, box.columns - BOX_AROUND);
    struct area body = area_part(&inside, 0, 0, dialog->rows, inside.columns);
    struct page page = page_begin(&body, dialog->top, 0);
    if (kind->body != NULL)
        kind->body(ui, &page);
    if (dialog->lines > dialog->rows)
        area_format(&box, box.rows - 1, 2, ROLE_PROMPT, " %d of %d lines, arrows scroll ",
                    dialog->top + dialog->rows, dialog->lines);
    int row = dialog->rows;
    for (int i = 0; i < fields; i++) {
        int column = area_format(&inside, ++row, 0, ROLE_PROMPT, "%s: ", kind->fields[i].label);
        draw_field(ui, &inside, row++, column, i);
    }
    if (dialog->note.len > 0)
        area_put(&inside, row, 0, ROLE_BAD, buf_str(&dialog->note));
    draw_answers(ui, kind, &inside, row + 1);
}

static void draw_line(struct ui *ui, const struct dialog_kind *kind, const struct area *screen)
{
    int row = screen->rows - 1;
    area_blank(screen, row, ROLE_PROMPT);
    int column = area_put(screen, row, 0, ROLE_PROMPT, kind->fields[0].label);
    draw_field(ui, screen, row, column, 0);
}

void dialog_draw(struct ui *ui, const struct area *screen)
{
    if (!dialog_is_open(ui))
        return;
    const struct dialog_kind *kind = dialog_kind(ui->dialog.type);
    if (ui->dialog.type == DIALOG_HELP)
        help_draw(ui, screen);
    else if (kind->line)
        draw_line(ui, kind, screen);
    else
        draw_box(ui, kind, screen);
}
