#include "rehearse/certificate.h"

#include <string.h>

#include "journal/journal.h"

/* More than a book can name: it would not load. */
#define FILES_MAX ((size_t)1024 * 1024 * 1024)

/* Lengths before the texts, so that nothing moves from one file into the next. */
void certificate_files(const struct book_file *files, size_t count, char ret[65])
{
    struct sha256 sha;
    struct buf all;
    buf_init(&all, FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *text = files[i].text;
        buf_format(&all, "%zu %s ", strlen(files[i].name), files[i].name);
        if (text == NULL) {
            buf_text(&all, "- ");
            continue;
        }
        buf_format(&all, "%zu ", strlen(text));
        buf_text(&all, text);
    }
    sha256_of(buf_str(&all), all.len, &sha);
    memcpy(ret, sha.hex, sizeof(sha.hex));
    buf_finish(&all);
}
