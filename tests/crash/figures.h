/* What was counted, for the table at the end of `./dev test`. */
#ifndef CRASH_FIGURES_H
#define CRASH_FIGURES_H

/* One line in $TMINUS_FIGURES/<name>.txt, when that is set. */
void figures_write(const char *name, const char *what, long count, long lost, long twice, long diverged);

#endif
