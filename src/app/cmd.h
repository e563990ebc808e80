/* One function for each command; see struct handler. */
#ifndef APP_CMD_H
#define APP_CMD_H

int cmd_approve(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_do(int argc, char **argv);
int cmd_dry_run(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_feed(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_locks(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_rehearse(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_runs(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_verify(int argc, char **argv);

#endif
