#include "confirm.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define ANSWER_MAX 256

bool confirm_asks(const struct confirmation *confirmation, const char *environment)
{
    return !confirmation->given && confirmation->can_ask && text_equal(environment, "live");
}

/* The book's texts and the targets' hold no control characters, and no password: they were refused. */
static void ask(const struct book *book)
{
    printf("%s", book->title);
    for (size_t i = 0; i < book->target_count; i++)
        printf("%s %s: %s", i == 0 ? " --" : ",", book->targets[i].id, book->targets[i].dsn);
    printf("\nType the id of the book to begin it LIVE: ");
}

static int check_answer(const struct book *book, struct err *err)
{
    char answer[ANSWER_MAX] = "";

    ask(book);
    if (fflush(stdout) != 0 || !fgets(answer, sizeof(answer), stdin))
        return err_set(err, ERR_REFUSED, "nobody typed the id of the book: nothing was begun");
    answer[strcspn(answer, "\n")] = '\0';
    if (!text_equal(answer, book->id))
        return err_set(err, ERR_REFUSED, "that is not the id of the book, \"%s\": nothing was begun",
                       book->id);
    return 0;
}

int confirm_book(const struct confirmation *confirmation, const struct book *book, const char *environment,
                 struct err *err)
{
    if (confirmation->given && !text_equal(confirmation->given, book->id))
        return err_set(err, ERR_REFUSED, "--confirm %s: the id of the book is \"%s\": nothing was begun",
                       confirmation->given, book->id);
    if (confirmation->given || !text_equal(environment, "live"))
        return 0;
    if (!confirmation->can_ask)
        return err_set(err, ERR_USAGE,
                       "this would begin LIVE, which nobody can be asked about here: add --confirm %s (or "
                       "--environment staging or rehearsal)",
                       book->id);
    return check_answer(book, err);
}
