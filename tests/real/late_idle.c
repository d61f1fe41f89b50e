/* Loaded into gnome-keyring-daemon by LD_PRELOAD. The main loop overlooks each new high-priority idle once, and takes its time
   over that. A loop that is busy does so now and then, once in thousands of connections; with this it does for every one. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

#define HIGH (-100)
#define PAUSE 20000 /* microseconds: longer than an answer takes to come back */

typedef int (*callback)(void *data);
typedef unsigned (*add_idle)(int priority, callback work, void *data, void (*forget)(void *));

typedef struct {
    int (*prepare)(void *source, int *timeout);
    int (*check)(void *source);
    int (*dispatch)(void *source, callback work, void *data);
    void (*finalize)(void *source);
    void *reserved[2];
} functions;

/* GLib's, without its headers. */
extern void *g_source_new(functions *functions, unsigned size);
extern void g_source_set_priority(void *source, int priority);
extern void g_source_set_callback(void *source, callback work, void *data, void (*forget)(void *));
extern unsigned g_source_attach(void *source, void *context);
extern void g_source_unref(void *source);

/* A GSource has 96 bytes. What follows is ours, and zero at first. */
#define ROOM 256
#define IS_SEEN(source) (((int *)(source))[ROOM / sizeof(int) - 2])
#define IS_DUE(source) (((int *)(source))[ROOM / sizeof(int) - 1])

static void overlook(void *source)
{
    IS_SEEN(source) = 1;
    usleep(PAUSE);
}

/* The beginning of a round. */
static int prepare(void *source, int *timeout)
{
    *timeout = 0;
    if (IS_SEEN(source))
        IS_DUE(source) = 1;
    else
        overlook(source);
    return IS_DUE(source);
}

/* The end of a round, which may be the first to see what came meanwhile. */
static int check(void *source)
{
    if (!IS_SEEN(source))
        overlook(source);
    return IS_DUE(source);
}

static int dispatch(void *source, callback work, void *data)
{
    (void)source;
    return work(data);
}

static functions late = { prepare, check, dispatch, 0, { 0, 0 } };

unsigned g_idle_add_full(int priority, callback work, void *data, void (*forget)(void *))
{
    if (priority != HIGH) {
        add_idle real = (add_idle)dlsym(RTLD_NEXT, "g_idle_add_full");
        return real(priority, work, data, forget);
    }
    void *source = g_source_new(&late, ROOM);
    g_source_set_priority(source, priority);
    g_source_set_callback(source, work, data, forget);
    unsigned id = g_source_attach(source, 0);
    g_source_unref(source);
    return id;
}
