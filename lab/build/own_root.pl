#!/usr/bin/perl
# Executes a command with / as the root of a mount namespace of its own:
#
#   own_root.pl COMMAND [ARGUMENT…]
#
# In a chroot the kernel refuses user namespaces, and a sandbox wants / to be a mount; in a container that covers parts
# of /proc it refuses a fresh one to a user namespace. There no sandbox can be made. Root may turn either into an
# ordinary root with an ordinary /proc, unseen by the rest of the machine: the process leaves the chroot for as long as
# it takes to bind that folder on itself, makes it the namespace's root, and drops the old one.
#
# Needs root and Linux 5.8. Where it can't be done the command runs as if it had been called without this.
# Perl, because a bare Debian has it and has no Python.
use strict;
use warnings;
use Cwd ();

# x86-64's numbers: the lab runs on nothing else. Constants of <linux/mount.h> and <linux/sched.h>.
use constant {FCHDIR => 81, PIVOT_ROOT => 155, MOUNT => 165, UMOUNT2 => 166, UNSHARE => 272, SETNS => 308};
use constant {OPEN_TREE => 428, MOVE_MOUNT => 429, PIDFD_OPEN => 434};
use constant {CLONE_NEWNS => 0x20000, MS_REC => 0x4000, MS_PRIVATE => 0x40000, MNT_DETACH => 2};
use constant {OPEN_TREE_CLONE => 1, AT_RECURSIVE => 0x8000, MOVE_MOUNT_F_EMPTY_PATH => 4, AT_FDCWD => -100};
use constant NOSUID_NODEV_NOEXEC => 2 | 4 | 8;

# syscall() takes strings that it could write to.
my ($empty, $here, $root, $proc, $proc_folder) = ("", ".", "/", "proc", "/proc");

# From the namespace's true root: the folder that $chroot stands for becomes the root.
sub make_root {
  my ($chroot) = @_;
  syscall(MOUNT, 0, $root, 0, MS_REC | MS_PRIVATE, 0) == 0 or return 0;
  chdir($chroot) or return 0;
  my $tree = syscall(OPEN_TREE, AT_FDCWD, $here, OPEN_TREE_CLONE | AT_RECURSIVE);
  $tree >= 0 or return 0;
  syscall(MOVE_MOUNT, $tree, $empty, AT_FDCWD, $here, MOVE_MOUNT_F_EMPTY_PATH) == 0 or return 0;
  syscall(FCHDIR, $tree) == 0 or return 0;
  syscall(PIVOT_ROOT, $here, $here) == 0 or return 0;
  # The old root now lies on top of the new one.
  return syscall(UMOUNT2, $here, MNT_DETACH) == 0;
}

sub enter {
  syscall(UNSHARE, CLONE_NEWNS) == 0 or return;
  opendir(my $chroot, "/") or return;
  # Joining a mount namespace, be it one's own, leads to its true root.
  my $self = syscall(PIDFD_OPEN, $$ + 0, 0);
  $self >= 0 && syscall(SETNS, $self, CLONE_NEWNS) == 0 or return;
  if (!make_root($chroot)) {
    chdir($chroot) && chroot(".") or die "own_root.pl: cannot return to the root: $!\n";
    return;
  }
  syscall(MOUNT, $proc, $proc_folder, $proc, NOSUID_NODEV_NOEXEC, 0);
}

@ARGV or die "usage: own_root.pl COMMAND [ARGUMENT...]\n";
my $folder = Cwd::getcwd();
enter() if $> == 0;
chdir($folder) if defined $folder;
exec {$ARGV[0]} @ARGV or die "own_root.pl: $ARGV[0]: $!\n";
