#include "lab/service/server.h"

#include <sys/socket.h>
#include <netdb.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace lab::service {
namespace {

// Submissions are up to 16 MiB, and a larger one is to get a sentence that says so; answers with captures are more.
constexpr int kLargestRequest = 80 << 20;
constexpr int kLargestAnswer = 512 << 20;
// A client whose machine is gone says nothing: after this long without an answer it counts as lost.
constexpr int kKeepaliveMs = 20'000;
constexpr std::chrono::seconds kMostWaiting{5};

struct HostAndPort {
  std::string host;
  std::string port;
};

absl::StatusOr<HostAndPort> Split(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("`", address, "` is not of the form HOST:PORT"));
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return HostAndPort{host, address.substr(colon + 1)};
}

// Why nobody can listen there. gRPC itself says only that it failed, and shares a port with others that let it.
absl::Status CanListen(const std::string& address) {
  const auto parts = Split(address);
  if (!parts.ok()) return parts.status();
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &found); error != 0) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", address, ": ", gai_strerror(error)));
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  const int error = bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0 ? 0 : errno;
  close(fd);
  freeaddrinfo(found);
  if (error == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", strerror(error)));
}

}  // namespace

Server::Server(const std::vector<grade::Exercise>& exercises, const std::string& worker_binary, int most_at_once)
    : service_(exercises, worker_binary, most_at_once) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(const std::string& address,
                                                       const std::vector<grade::Exercise>& exercises,
                                                       const std::string& worker_binary, int most_at_once) {
  if (const absl::Status status = CanListen(address); !status.ok()) return status;
  auto server = std::unique_ptr<Server>(new Server(exercises, worker_binary, most_at_once));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kLargestRequest);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &server->port_);
  builder.RegisterService(&server->service_);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || server->port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address));
  }
  return server;
}

std::unique_ptr<Server> Server::InProcess(const std::vector<grade::Exercise>& exercises,
                                          const std::string& worker_binary) {
  auto server = std::unique_ptr<Server>(new Server(exercises, worker_binary, 1));
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kLargestRequest);
  builder.RegisterService(&server->service_);
  server->server_ = builder.BuildAndStart();
  return server;
}

Server::~Server() {
  if (server_ == nullptr) return;
  Shutdown();
  server_->Wait();
}

void Server::Shutdown() { server_->Shutdown(std::chrono::system_clock::now()); }

std::shared_ptr<grpc::Channel> Server::channel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestAnswer);
  return server_->InProcessChannel(arguments);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& address) {
  if (const auto parts = Split(address); !parts.ok()) return parts.status();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestAnswer);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  const auto deadline = std::chrono::system_clock::now() + kMostWaiting;
  grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
  // The first failure is enough: gRPC would go on trying.
  while (state != GRPC_CHANNEL_READY && state != GRPC_CHANNEL_TRANSIENT_FAILURE &&
         channel->WaitForStateChange(state, deadline)) {
    state = channel->GetState(true);
  }
  if (state == GRPC_CHANNEL_READY) return channel;
  return absl::UnavailableError(absl::StrCat("no Duet server answers at ", address, "; start one with `duet serve`"));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (code == absl::StatusCode::kUnavailable) return absl::UnavailableError("the connection to the server broke");
  return absl::Status(code, status.error_message());
}

}  // namespace lab::service
