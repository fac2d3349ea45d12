// The names that C programs have for the numbers in calls.
#pragma once

#include <cstdint>
#include <string>

#include "tests/differential/program.h"

namespace differential {

std::string ErrorName(int error);             // "EPIPE", "0"
std::string Events(short events);             // "POLLIN|POLLHUP", "0"
std::string EpollEvents(uint32_t events);     // "EPOLLIN|EPOLLET", "0"
std::string MessageFlags(int64_t flags);      // "MSG_PEEK|MSG_DONTWAIT", "0"
std::string OptionName(int64_t level, int64_t option);  // "SOL_SOCKET, SO_REUSEADDR"
std::string HostName(uint32_t address);       // "127.0.0.1", "INADDR_ANY"

}  // namespace differential
