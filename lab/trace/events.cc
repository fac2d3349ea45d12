#include "lab/trace/events.h"

namespace lab {

Time TimeOf(const Event& event) {
  if (const auto* packet = std::get_if<PacketEvent>(&event)) return packet->sent;
  if (const auto* call = std::get_if<CallEvent>(&event)) return Time(call->entry.begin_ns);
  return std::get<NoteEvent>(event).time;
}

Events::Numbered& Events::Ring::Oldest() {
  Numbered& oldest = room_[oldest_];
  oldest_ = (oldest_ + 1) % room_.size();
  return oldest;
}

bool Events::const_iterator::CallIsNext() const {
  const Ring& calls = events_->calls_;
  const Ring& others = events_->others_;
  if (calls_ == calls.size()) return false;
  return others_ == others.size() || calls[calls_].number < others[others_].number;
}

const Event& Events::const_iterator::operator*() const {
  if (head_ < events_->head_.size()) return events_->head_[head_];
  return CallIsNext() ? events_->calls_[calls_].event : events_->others_[others_].event;
}

Events::const_iterator& Events::const_iterator::operator++() {
  if (head_ < events_->head_.size()) {
    ++head_;
  } else {
    ++(CallIsNext() ? calls_ : others_);
  }
  return *this;
}

Events::const_iterator& Events::const_iterator::operator--() {
  if (calls_ == 0 && others_ == 0) {
    --head_;
    return *this;
  }
  const auto number = [](const Ring& ring, size_t before) { return before > 0 ? ring[before - 1].number : 0; };
  --(number(events_->calls_, calls_) > number(events_->others_, others_) ? calls_ : others_);
  return *this;
}

void Events::Sort() {
  const auto earlier = [](const Event& a, const Event& b) { return TimeOf(a) < TimeOf(b); };
  // Asked for again and again while a run goes on; most of the time nothing has been added.
  if (std::is_sorted(begin(), end(), earlier)) return;
  std::vector<Event> all(begin(), end());
  std::stable_sort(all.begin(), all.end(), earlier);
  // All of them are kept again: which stand in the head and in which ring may have changed, not how many there are.
  Events sorted;
  for (Event& event : all) {
    if (sorted.head_.size() < head_.size()) {
      sorted.head_.push_back(std::move(event));
    } else {
      Ring& ring = std::holds_alternative<CallEvent>(event) ? sorted.calls_ : sorted.others_;
      ring.Add(kHead + sorted.calls_.size() + sorted.others_.size(), std::move(event));
    }
  }
  sorted.left_out_from_ = left_out_from_;
  sorted.added_ = added_;
  *this = std::move(sorted);
}

}  // namespace lab
