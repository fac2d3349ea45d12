/* The files of a sandbox: a file system in memory, in which everything else is mounted. It is read only when it is
 * done, with all in it but /tmp, /dev/shm and what was asked to be writable; a worker's alone, which is the lab's own,
 * stays as it is made.
 *
 * What is mounted comes from the old root, and is looked up there; where it goes to is looked up with the new root as
 * the root, so that no link in what is mounted leads out. The old root is not covered but gone: nothing is left in the
 * namespace that it could be reached from. */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lab/program/library/sandbox.h"

enum { kDetach = 2, kPrivate = 1 << 18 };  /* MNT_DETACH, MS_PRIVATE: of a header that excludes <linux/mount.h> */

static int root;  /* the new one */

static void shut(int fd) { kernel(SYS_close, fd); }

static long look_up(const char* path, unsigned long flags) {
  const struct open_how how = {.flags = O_PATH | O_CLOEXEC | flags, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  return kernel(SYS_openat2, root, path, &how, sizeof how);
}

static long folder_at(const char* path);

/* The folder above a path inside, made where it is missing; its last name goes to `name`. */
static long folder_above(const char* path, const char** name) {
  char above[PATH_MAX] = "/";
  const char* const slash = last_slash(path);
  const size_t length = (size_t)(slash - path);
  if (length >= sizeof above) return -ENAMETOOLONG;
  *name = slash + 1;
  if (length > 0) memcpy(above, path, length);
  return folder_at(above);
}

/* A folder inside, made where it is missing, with those above it. */
static long folder_at(const char* path) {
  const long there = look_up(path, O_DIRECTORY);
  if (there != -ENOENT) return there;
  const char* name;
  const long above = folder_above(path, &name);
  if (above < 0) return above;
  const long made = kernel(SYS_mkdirat, above, name, 0755);
  const long place = made < 0 ? made : kernel(SYS_openat, above, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  shut((int)above);
  return place;
}

/* An empty file inside for something to be mounted on, or what is there. */
static long file_at(const char* path) {
  const struct open_how how = {.flags = O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, .mode = 0644,
                               .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  const long made = kernel(SYS_openat2, root, path, &how, sizeof how);
  if (made == -EEXIST) return look_up(path, 0);
  if (made != -ENOENT) return made;
  const char* name;
  const long above = folder_above(path, &name);
  if (above < 0) return above;
  shut((int)above);
  return kernel(SYS_openat2, root, path, &how, sizeof how);
}

static int check_at(const char* path, long result) {
  if (result < 0) sandbox_fail_at(path, result);
  return (int)result;
}

/* What the machine mounts later doesn't appear. */
static void leave_peers(void) {
  const struct mount_attr attributes = {.propagation = kPrivate};
  check_at("/", kernel(SYS_mount_setattr, root, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes));
}

static void set_attributes(int mount, const char* path, unsigned long set, unsigned long clear, unsigned flags) {
  const struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};
  check_at(path, kernel(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes));
}

static void attach(int mount, const char* path, int folder) {
  const int place = check_at(path, folder ? folder_at(path) : file_at(path));
  check_at(path,
           kernel(SYS_move_mount, mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
  shut(place);
}

/* A file or folder of the old root, with what is mounted below it. */
static long copy_tree(const char* from) {
  return kernel(SYS_open_tree, AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

static int is_folder(int file) {
  struct stat about;
  return kernel(SYS_fstat, file, &about) == 0 && S_ISDIR(about.st_mode);
}

static void bind_at(const char* from, const char* to) {
  const int tree = check_at(from, copy_tree(from));
  attach(tree, to, is_folder(tree));
  shut(tree);
}

static void bind_if_there(const char* path) {
  const long tree = copy_tree(path);
  if (tree == -ENOENT) return;
  attach(check_at(path, tree), path, is_folder((int)tree));
  shut((int)tree);
}

/* A file system of its own; `options` are pairs of a name and a value. */
static int make_file_system(const char* type, const char* const* options, unsigned attributes) {
  const int context = check_at(type, kernel(SYS_fsopen, type, FSOPEN_CLOEXEC));
  for (; *options != NULL; options += 2) {
    check_at(type, kernel(SYS_fsconfig, context, FSCONFIG_SET_STRING, options[0], options[1]));
  }
  check_at(type, kernel(SYS_fsconfig, context, FSCONFIG_CMD_CREATE));
  const int mount = check_at(type, kernel(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
  shut(context);
  return mount;
}

static int make_memory(const char* bytes) {
  const char* const options[] = {"mode", "0755", "size", bytes, "nr_inodes", "20000", NULL};
  return make_file_system("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static void add_memory(const char* path, const char* bytes) {
  const int memory = make_memory(bytes);
  attach(memory, path, 1);
  shut(memory);
}

/* Over the old root; nobody's root is changed by it. */
static void make_root(const char* bytes) {
  root = make_memory(bytes);
  check_at("/", kernel(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
}

/* The system's folders; on Debian those beside /usr are links into it. */
static void add_system(void) {
  static const char* const folders[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", NULL};
  static const char* const files[] = {"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
                                      "/etc/python3", "/etc/python3.11", "/etc/services", "/etc/protocols", NULL};
  bind_at("/usr", "/usr");
  for (const char* const* folder = folders; *folder != NULL; ++folder) {
    char target[PATH_MAX] = "";
    if (kernel(SYS_readlink, *folder, target, sizeof target - 1) > 0) {
      check_at(*folder, kernel(SYS_symlinkat, target, root, *folder + 1));
    } else {
      bind_if_there(*folder);
    }
  }
  for (const char* const* file = files; *file != NULL; ++file) bind_if_there(*file);
}

/* Data can be written to a device whose mount is read only; its mode and its owner can't be changed. */
static void add_devices(int worker) {
  static const char* const nodes[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
                                      NULL};
  static const char* const links[] = {"/proc/self/fd", "fd", "/proc/self/fd/0", "stdin", "/proc/self/fd/1", "stdout",
                                      "/proc/self/fd/2", "stderr", "/proc/kcore", "core", "pts/ptmx", "ptmx", NULL};
  for (const char* const* node = nodes; *node != NULL; ++node) bind_at(*node, *node);
  if (worker) bind_if_there("/dev/net/tun");
  const int devices = check_at("/dev", folder_at("/dev"));
  for (const char* const* link = links; *link != NULL; link += 2) {
    check_at(link[1], kernel(SYS_symlinkat, link[0], devices, link[1]));
  }
  shut(devices);
}

static void add_terminals(void) {
  static const char* const options[] = {"ptmxmode", "0666", "mode", "0620", NULL};
  const int terminals = make_file_system("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  attach(terminals, "/dev/pts", 1);
  shut(terminals);
}

/* Nothing can be read there, and nothing written. */
static void cover(const char* path) {
  const long place = look_up(path, 0);
  if (place == -ENOENT) return;
  shut(check_at(path, place));
  const int nothing = check_at(path, copy_tree("/dev/null"));
  attach(nothing, path, 0);
  set_attributes(nothing, path, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, 0);
  shut(nothing);
}

/* Where the lab runs as root, /proc would take a program's writes, and show it the machine's keys. A worker's is as the
 * kernel makes it: where parts of it are covered, the kernel refuses a further one to a sandbox within. */
static int add_proc(int worker) {
  static const char* const no_options[] = {NULL};
  const int proc = make_file_system("proc", no_options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  attach(proc, "/proc", 1);
  const int writable = check_at(
      "/proc", kernel(SYS_open_tree, proc, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!worker) {
    set_attributes(proc, "/proc", MOUNT_ATTR_RDONLY, 0, 0);
    cover("/proc/keys");
    cover("/proc/key-users");
  }
  shut(proc);
  return writable;
}

/* But for those parts that are to be written to. */
static void make_read_only(const struct sandbox* sandbox) {
  leave_peers();
  set_attributes(root, "/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, AT_RECURSIVE);
  if (sandbox->worker) set_attributes(root, "/", 0, MOUNT_ATTR_RDONLY, 0);
  for (int i = -1; i < sandbox->mount_count; ++i) {
    if (i >= 0 && !sandbox->mounts[i].writable) continue;
    const char* const path = i < 0 ? "/tmp" : sandbox->mounts[i].to;
    const int place = check_at(path, look_up(path, 0));
    set_attributes(place, path, 0, MOUNT_ATTR_RDONLY, 0);
    shut(place);
  }
}

/* For what is mounted when nothing can be made any more. */
static void make_places(void) {
  static const char* const folders[] = {"/proc", "/dev/pts", "/dev/shm", NULL};
  for (const char* const* folder = folders; *folder != NULL; ++folder) shut(check_at(*folder, folder_at(*folder)));
}

static void leave_old_root(void) {
  check_at("/", kernel(SYS_fchdir, root));
  check_at("/", kernel(SYS_pivot_root, ".", "."));
  /* The old root now lies on top of the new one. */
  check_at("/", kernel(SYS_umount2, ".", kDetach));
  shut(root);
}

int sandbox_make_files(const struct sandbox* sandbox) {
  const mode_t mask = (mode_t)kernel(SYS_umask, 022);
  make_root(sandbox->tmp_bytes);
  add_system();
  add_memory("/tmp", sandbox->tmp_bytes);
  for (int i = 0; i < sandbox->mount_count; ++i) bind_at(sandbox->mounts[i].from, sandbox->mounts[i].to);
  set_attributes(root, "/", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, AT_RECURSIVE);
  add_devices(sandbox->worker);
  make_places();
  make_read_only(sandbox);
  add_memory("/dev/shm", sandbox->tmp_bytes);
  add_terminals();
  const int proc = add_proc(sandbox->worker);
  leave_old_root();
  kernel(SYS_umask, mask);
  check_at(sandbox->directory, kernel(SYS_chdir, sandbox->directory));
  return proc;
}
