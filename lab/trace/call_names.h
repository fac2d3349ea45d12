// The names of what calls take and give: constants, errors, addresses. For lab/trace's own texts.
//
// Every function takes any value, as entries come from hostile programs: one without a name stands as a number.
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/trace/ledger_entry.h"
#include "lab/trace/trace.h"

namespace lab {

// "connect"; "call 77".
std::string CallName(uint32_t call);

std::string FamilyName(int64_t domain);
std::string TypeName(int64_t type);             // "SOCK_STREAM|SOCK_NONBLOCK"
std::string TypeFlagNames(int64_t flags);       // of accept4
std::string HowName(int64_t how);               // "SHUT_WR"
std::string MessageFlagNames(int64_t flags);    // "MSG_DONTWAIT|MSG_NOSIGNAL"; "0"
std::string PollEventNames(short events);       // "POLLIN|POLLHUP"
std::string EpollEventNames(uint32_t events);   // "EPOLLIN|EPOLLET"
std::string EpollOperationName(int64_t operation);  // "EPOLL_CTL_ADD"
std::string FileCommandName(int64_t command);   // "F_SETFL"
std::string FileFlagNames(int64_t flags);       // "O_NONBLOCK"
std::string RequestName(int64_t request);       // "FIONREAD"
std::string SignalName(int64_t signal);         // "SIGTERM"
std::string LevelName(int64_t level);           // "SOL_SOCKET"
std::string OptionName(int64_t level, int64_t option);
// "ECONNREFUSED", or of getaddrinfo "EAI_NONAME".
std::string ErrorName(const duet_ledger_entry& entry);
// "Connection refused".
std::string ErrorDescription(const duet_ledger_entry& entry);

// The entry's address as "server:9999", or with dots where `names` is null; empty if there is none.
std::string AddressOf(const duet_ledger_entry& entry, const Trace* names);
// The bytes that the entry keeps.
std::string_view DataOf(const duet_ledger_entry& entry);
// What a poll or select asked about, or an epoll_wait answered, as far as it is kept.
std::vector<pollfd> PolledOf(const duet_ledger_entry& entry);

bool HasReturned(const duet_ledger_entry& entry);
bool HasFailed(const duet_ledger_entry& entry);
// recv or read, as sendmsg and readv are kept too.
bool IsReading(const duet_ledger_entry& entry);
// A stream has ended: an empty datagram, which has a sender, is something else.
bool IsEndOfFile(const duet_ledger_entry& entry);
bool IsWriting(const duet_ledger_entry& entry);
bool IsPolling(const duet_ledger_entry& entry);

}  // namespace lab
