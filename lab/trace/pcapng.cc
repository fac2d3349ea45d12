#include "lab/trace/pcapng.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lab/trace/printable.h"
#include "lab/trace/whole_file.h"

namespace lab {
namespace {

// Blocks and options of the format (draft-ietf-opsawg-pcapng), written in little endian, which the magic number says.
enum BlockType : uint32_t { kSectionHeader = 0x0a0d0d0a, kInterface = 1, kNameResolution = 4, kEnhancedPacket = 6 };
enum Option : uint16_t {
  kEndOfOptions = 0,
  kComment = 1,
  kInterfaceName = 2,
  kUserApplication = 4,
  kTimeResolution = 9,
};
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint16_t kLinkTypeRaw = 101;
constexpr uint16_t kIpv4Record = 1;
constexpr uint16_t kIpv6Record = 2;
constexpr uint8_t kNanoseconds = 9;    // of a second's decimal places
constexpr size_t kLongestText = 1000;  // of an option, whose length has 16 bits

class Block {
 public:
  explicit Block(BlockType type) {
    U32(type);
    U32(0);  // the length, known at the end
  }

  void U16(uint16_t value) { Number(value, 2); }
  void U32(uint32_t value) { Number(value, 4); }
  void Bytes(const void* data, size_t length) {
    bytes_.append(static_cast<const char*>(data), length);
    Pad();
  }
  void Text(Option option, std::string_view text) { Raw(option, text.substr(0, kLongestText)); }
  void Raw(uint16_t option, std::string_view value) {
    U16(option);
    U16(static_cast<uint16_t>(value.size()));
    Bytes(value.data(), value.size());
  }

  std::string Finish() {
    U32(static_cast<uint32_t>(bytes_.size() + 4));
    for (size_t i = 0; i < 4; ++i) bytes_[4 + i] = bytes_[bytes_.size() - 4 + i];
    return std::move(bytes_);
  }

 private:
  void Number(uint64_t value, int length) {
    for (int i = 0; i < length; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }
  void Pad() { bytes_.append((4 - bytes_.size() % 4) % 4, '\0'); }

  std::string bytes_;
};

std::string SectionHeaderBlock() {
  Block block(kSectionHeader);
  block.U32(kByteOrderMagic);
  block.U16(1);  // version 1.0
  block.U16(0);
  block.U32(0xffffffff);  // the section's length is not given
  block.U32(0xffffffff);
  block.Text(kUserApplication, "duet");
  block.Raw(kEndOfOptions, "");
  return block.Finish();
}

std::string InterfaceBlock() {
  Block block(kInterface);
  block.U16(kLinkTypeRaw);
  block.U16(0);
  block.U32(0);  // packets are not cut
  block.Text(kInterfaceName, "world");
  block.Raw(kTimeResolution, std::string(1, static_cast<char>(kNanoseconds)));
  block.Raw(kEndOfOptions, "");
  return block.Finish();
}

// Lets a reader show hosts by their names (tshark -N n).
std::string NamesBlock(const Trace& trace) {
  Block block(kNameResolution);
  for (const Trace::Host& host : trace.hosts()) {
    const std::string name = Printable(host.name).substr(0, kLongestText);
    const in6_addr mapped = host.address.ToIn6();
    const std::string bytes(reinterpret_cast<const char*>(&mapped), sizeof mapped);
    block.Raw(kIpv4Record, bytes.substr(12) + name + '\0');
    if (host.address6.is_any()) continue;
    const in6_addr address6 = host.address6.ToIn6();
    const std::string bytes6(reinterpret_cast<const char*>(&address6), sizeof address6);
    block.Raw(kIpv6Record, bytes6 + "ip6-" + name + '\0');
  }
  block.Raw(kEndOfOptions, "");  // of the records
  return block.Finish();
}

std::string CommentOn(const PacketEvent& event) {
  const std::string cause = Printable(event.cause);
  if (event.arrived && !event.bytes_kept) {
    return absl::StrCat(cause, cause.empty() ? "" : "; ",
                        "the run was too long to keep these bytes: zeros stand for them");
  }
  if (event.arrived) return cause;
  if (event.fate == PacketEvent::Fate::kUnclaimed) return "not delivered: nobody has this address";
  return absl::StrCat("not delivered", cause.empty() ? "" : ": ", cause);
}

std::string PacketBlock(const PacketEvent& event, uint16_t identification) {
  const std::vector<uint8_t> bytes = ToBytes(event.packet, identification);
  const auto nanoseconds = static_cast<uint64_t>(std::max<int64_t>(event.sent.count(), 0));
  Block block(kEnhancedPacket);
  block.U32(0);  // the interface
  block.U32(static_cast<uint32_t>(nanoseconds >> 32));
  block.U32(static_cast<uint32_t>(nanoseconds));
  block.U32(static_cast<uint32_t>(bytes.size()));
  block.U32(static_cast<uint32_t>(bytes.size()));
  block.Bytes(bytes.data(), bytes.size());
  const std::string comment = CommentOn(event);
  if (!comment.empty()) {
    block.Text(kComment, comment);
    block.Raw(kEndOfOptions, "");
  }
  return block.Finish();
}

}  // namespace

std::string Pcapng(const Trace& trace) {
  std::vector<const PacketEvent*> packets;
  for (const Event& event : trace.events()) {
    if (const auto* packet = std::get_if<PacketEvent>(&event)) packets.push_back(packet);
  }
  std::stable_sort(packets.begin(), packets.end(),
                   [](const PacketEvent* a, const PacketEvent* b) { return a->sent < b->sent; });
  std::string file = absl::StrCat(SectionHeaderBlock(), InterfaceBlock(), NamesBlock(trace));
  uint16_t identification = 0;
  for (const PacketEvent* packet : packets) file += PacketBlock(*packet, identification++);
  return file;
}

absl::Status WritePcapng(const Trace& trace, const std::string& path) { return WriteWholeFile(path, Pcapng(trace)); }

}  // namespace lab
