// How IPv4 cuts a packet that is larger than its link takes (RFC 791).
//
// A datagram that is cut arrives if all of its pieces do. Rules and traces see it whole in either world; the link
// carries, and loses, the pieces.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"

namespace lab {

// The sizes of the pieces, IPv4 headers included, of a packet of `size` bytes for a link of that `mtu`, in the order in
// which they are sent; the packet itself where it fits.
absl::InlinedVector<size_t, 1> FragmentSizes(size_t size, uint32_t mtu);

}  // namespace lab
