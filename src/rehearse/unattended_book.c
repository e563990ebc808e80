#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "rehearse/unattended.h"

/* What the unattended operator needs to know of a book, before any run of it. */

bool unattended_asks(const struct step *step)
{
    return step->kind == STEP_MANUAL || (step->kind == STEP_CHECK && !step_is_sensed(step));
}

const char *unattended_words(const struct step *step, const struct unattended_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        if (text_equal(answers->list[i].item, step->id))
            return answers->list[i].text;
    }
    return step->unattended ? step->unattended->text : answers->all;
}

static bool excludes(const struct book *book, size_t a, size_t b)
{
    return book->roles[a].not_role == b || book->roles[b].not_role == a;
}

/* The first who holds no role that this one must not be held together with. */
static size_t person_of(const struct book *book, size_t role, const size_t *people)
{
    for (size_t person = 1;; person++) {
        size_t other = 0;

        while (other < role && (people[other] != person || !excludes(book, role, other)))
            other++;
        if (other == role)
            return person;
    }
}

static size_t assign(const struct book *book, size_t role, size_t *ret_most)
{
    size_t *people = mem_array(book->role_count + 1, sizeof(*people));
    size_t found = 0;

    *ret_most = 0;
    for (size_t i = 0; i < book->role_count; i++) {
        people[i] = text_equal(book->roles[i].id, "operator") ? 0 : person_of(book, i, people);
        if (people[i] > *ret_most)
            *ret_most = people[i];
        if (i == role)
            found = people[i];
    }
    free(people);
    return found;
}

size_t unattended_person(const struct book *book, size_t role)
{
    size_t most;

    return assign(book, role, &most);
}

size_t unattended_people(const struct book *book)
{
    size_t most;

    (void)assign(book, BOOK_NONE, &most);
    return most + 1;
}

/* The first of a phase that has not been gone through and whose turn it is; BOOK_NONE. */
static size_t next_of(const struct book *book, const struct phase *phase, const bool *gone)
{
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        const struct step *step = &book->steps[i];
        bool ready = !gone[i];

        for (size_t k = 0; ready && k < step->after_count; k++)
            ready = gone[step->after[k]];
        if (ready)
            return i;
    }
    return BOOK_NONE;
}

size_t unattended_steps(const struct book *book, size_t *ret)
{
    bool *gone = mem_array(book->step_count + 1, sizeof(*gone));
    size_t count = 0, step;

    for (size_t phase = 0; phase < book->phase_count; phase++) {
        while ((step = next_of(book, &book->phases[phase], gone)) != BOOK_NONE) {
            gone[step] = true;
            if (book->steps[step].kind != STEP_CHECK && book->steps[step].kind != STEP_MARK)
                ret[count++] = step;
        }
    }
    free(gone);
    return count;
}
