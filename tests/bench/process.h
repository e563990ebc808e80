/* How much processor time processes have taken. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

/* Seconds of processor time of the process and of its children, those that have ended among them: what a
 * server of processes has taken, or one of threads, or this program with what it has run. */
double process_cpu_s(long pid);

#endif
