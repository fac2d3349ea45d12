/* The ledger's lines for processes, signals and timers. As ledger_symbols.c. What libc calls inside itself is not seen:
 * the waits of mutexes and their like, vfork (which can't be wrapped), system and posix_spawn but for what they
 * execute. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/program/library/ledger_wrap.h"

/* Of a function that gives its error, and doesn't set errno. */
static int end_with(entry* line, int error) {
  const int before = errno;
  errno = error;
  duet_end(line, error == 0 ? 0 : -1);
  errno = before;
  return error;
}

/* --- Processes and threads --- */

EXPORT pid_t fork(void) {
  entry line = duet_begin(DUET_CALL_CLONE, 0, 0, 0, 0);
  const pid_t child = NEXT(fork)();
  return child == 0 ? 0 : (pid_t)duet_end(&line, child);
}

EXPORT int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument) {
  entry line = duet_begin(DUET_CALL_CLONE, 1, 0, 0, 0);
  return end_with(&line, NEXT(pthread_create)(thread, attributes, body, argument));
}

/* What has worked is written by the library in the new image. */
static int end_exec(const char* path, int result) {
  const int error = errno;
  entry line = duet_begin(DUET_CALL_EXECVE, 0, 0, 0, 0);
  if (error != EFAULT) duet_note_data(&line, path, strlen(path));
  errno = error;
  return (int)duet_end(&line, result);
}

EXPORT int execve(const char* path, char* const arguments[], char* const environment[]) {
  return end_exec(path, NEXT(execve)(path, arguments, environment));
}

EXPORT int execv(const char* path, char* const arguments[]) { return execve(path, arguments, environ); }

EXPORT int execvpe(const char* file, char* const arguments[], char* const environment[]) {
  return end_exec(file, NEXT(execvpe)(file, arguments, environment));
}

EXPORT int execvp(const char* file, char* const arguments[]) { return execvpe(file, arguments, environ); }

static pid_t end_wait(entry* line, pid_t ended, int status) {
  if (ended > 0) line->arguments[1] = status;
  return (pid_t)duet_end(line, ended);
}

EXPORT pid_t waitpid(pid_t process, int* status, int options) {
  entry line = duet_begin(DUET_CALL_WAIT, process, 0, 0, 0);
  int told = 0;
  const pid_t ended = NEXT(waitpid)(process, &told, options);
  if (status != NULL && ended > 0) *status = told;
  return end_wait(&line, ended, told);
}

EXPORT pid_t wait(int* status) { return waitpid(-1, status, 0); }

EXPORT pid_t wait4(pid_t process, int* status, int options, struct rusage* usage) {
  entry line = duet_begin(DUET_CALL_WAIT, process, 0, 0, 0);
  int told = 0;
  const pid_t ended = NEXT(wait4)(process, &told, options, usage);
  if (status != NULL && ended > 0) *status = told;
  return end_wait(&line, ended, told);
}

EXPORT pid_t wait3(int* status, int options, struct rusage* usage) { return wait4(-1, status, options, usage); }

EXPORT int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  entry line = duet_begin(DUET_CALL_WAIT, -1, 0, 0, 0);
  return (int)duet_end(&line, NEXT(waitid)(type, id, info, options));
}

/* --- Signals --- */

EXPORT int kill(pid_t process, int signal) {
  entry line = duet_begin(DUET_CALL_KILL, process, 0, signal, 0);
  return (int)duet_end(&line, NEXT(kill)(process, signal));
}

EXPORT int killpg(pid_t group, int signal) {
  entry line = duet_begin(DUET_CALL_KILL, -group, 0, signal, 0);
  return (int)duet_end(&line, NEXT(killpg)(group, signal));
}

EXPORT int raise(int signal) {
  entry line = duet_begin(DUET_CALL_KILL, getpid(), gettid(), signal, 0);
  return (int)duet_end(&line, NEXT(raise)(signal));
}

EXPORT int tgkill(pid_t process, pid_t thread, int signal) {
  entry line = duet_begin(DUET_CALL_KILL, process, thread, signal, 0);
  return (int)duet_end(&line, NEXT(tgkill)(process, thread, signal));
}

static int64_t kind_of(void* handler) { return handler == (void*)SIG_DFL ? 0 : handler == (void*)SIG_IGN ? 1 : 2; }

EXPORT int sigaction(int signal, const struct sigaction* action, struct sigaction* before) {
  if (action == NULL) return NEXT(sigaction)(signal, action, before);
  entry line = duet_begin(DUET_CALL_SIGACTION, signal, kind_of((void*)action->sa_handler), 0, 0);
  return (int)duet_end(&line, NEXT(sigaction)(signal, action, before));
}

EXPORT sighandler_t signal(int number, sighandler_t handler) {
  entry line = duet_begin(DUET_CALL_SIGACTION, number, kind_of((void*)handler), 0, 0);
  const sighandler_t before = NEXT(signal)(number, handler);
  duet_end(&line, before == SIG_ERR ? -1 : 0);
  return before;
}

EXPORT int pause(void) {
  entry line = duet_begin(DUET_CALL_SIGWAIT, -1, 0, 0, 0);
  return (int)duet_end(&line, NEXT(pause)());
}

EXPORT int sigsuspend(const sigset_t* mask) {
  entry line = duet_begin(DUET_CALL_SIGWAIT, -1, 0, 0, 0);
  return (int)duet_end(&line, NEXT(sigsuspend)(mask));
}

EXPORT int sigwait(const sigset_t* set, int* signal) {
  entry line = duet_begin(DUET_CALL_SIGWAIT, -1, 0, 0, 0);
  return end_with(&line, NEXT(sigwait)(set, signal));
}

EXPORT int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
  entry line = duet_begin(DUET_CALL_SIGWAIT, -1, 0, 0, 0);
  return (int)duet_end(&line, NEXT(sigwaitinfo)(set, info));
}

static int64_t in_nanoseconds(const struct timespec* time) {
  return time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
}

EXPORT int sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* timeout) {
  entry line = duet_begin(DUET_CALL_SIGWAIT, timeout == NULL ? -1 : in_nanoseconds(timeout), 0, 0, 0);
  return (int)duet_end(&line, NEXT(sigtimedwait)(set, info, timeout));
}

/* --- Timers and events --- */

EXPORT unsigned alarm(unsigned seconds) {
  entry line = duet_begin(DUET_CALL_SETITIMER, 0, seconds * INT64_C(1000000000), 0, 0);
  return (unsigned)duet_end(&line, NEXT(alarm)(seconds));
}

EXPORT int setitimer(__itimer_which_t which, const struct itimerval* timer, struct itimerval* before) {
  if (which != ITIMER_REAL || timer == NULL) return NEXT(setitimer)(which, timer, before);
  const int64_t second = 1000000000;
  entry line = duet_begin(DUET_CALL_SETITIMER, 0, timer->it_value.tv_sec * second + timer->it_value.tv_usec * 1000,
                          timer->it_interval.tv_sec * second + timer->it_interval.tv_usec * 1000, 0);
  return (int)duet_end(&line, NEXT(setitimer)(which, timer, before));
}

EXPORT int eventfd(unsigned value, int flags) {
  entry line = duet_begin(DUET_CALL_EVENTFD, value, flags, 0, 0);
  return (int)duet_end(&line, NEXT(eventfd)(value, flags));
}

EXPORT int timerfd_create(clockid_t clock, int flags) {
  entry line = duet_begin(DUET_CALL_TIMERFD_CREATE, clock, flags, 0, 0);
  return (int)duet_end(&line, NEXT(timerfd_create)(clock, flags));
}

EXPORT int timerfd_settime(int fd, int flags, const struct itimerspec* timer, struct itimerspec* before) {
  if (timer == NULL) return NEXT(timerfd_settime)(fd, flags, timer, before);
  entry line = duet_begin(DUET_CALL_TIMERFD_SETTIME, fd, in_nanoseconds(&timer->it_value),
                          in_nanoseconds(&timer->it_interval), 0);
  return (int)duet_end(&line, NEXT(timerfd_settime)(fd, flags, timer, before));
}

EXPORT int timer_create(clockid_t clock, struct sigevent* event, timer_t* timer) {
  const int signal = event == NULL ? SIGALRM : event->sigev_notify == SIGEV_NONE ? 0 : event->sigev_signo;
  entry line = duet_begin(DUET_CALL_TIMER_CREATE, clock, signal, 0, 0);
  return (int)duet_end(&line, NEXT(timer_create)(clock, event, timer));
}

EXPORT int timer_settime(timer_t timer, int flags, const struct itimerspec* time, struct itimerspec* before) {
  if (time == NULL) return NEXT(timer_settime)(timer, flags, time, before);
  entry line = duet_begin(DUET_CALL_TIMER_SETTIME, (int)(intptr_t)timer, in_nanoseconds(&time->it_value),
                          in_nanoseconds(&time->it_interval), 0);
  return (int)duet_end(&line, NEXT(timer_settime)(timer, flags, time, before));
}
