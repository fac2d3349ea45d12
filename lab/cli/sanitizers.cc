// What a sanitizer's build of this binary needs wherever it runs: sandboxes pass no environment on.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// A submission's function that crashes ends the process by its signal, as in any other build.
#define DUET_OWN_CRASHES "handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:handle_abort=0"

// A submission's function runs with the ledger's library preloaded, which comes before the sanitizer's own. The
// system's libraries are not instrumented, so container annotations would not match.
extern "C" const char* __asan_default_options() {
  return DUET_OWN_CRASHES ":verify_asan_link_order=0:detect_container_overflow=0:detect_stack_use_after_return=0";
}

extern "C" const char* __tsan_default_options() { return DUET_OWN_CRASHES; }

#endif
