// A vector whose front can be taken off: each element moves once on average.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace sim {

template <typename T>
class Fifo {
 public:
  bool empty() const { return first_ == items_.size(); }
  size_t size() const { return items_.size() - first_; }
  size_t capacity() const { return items_.capacity(); }
  const T& operator[](size_t i) const { return items_[first_ + i]; }
  T& operator[](size_t i) { return items_[first_ + i]; }
  const T& back() const { return items_.back(); }
  auto begin() const { return items_.begin() + static_cast<ptrdiff_t>(first_); }
  auto end() const { return items_.end(); }

  void push_back(T item) { items_.push_back(std::move(item)); }
  // Before the i-th.
  void Insert(size_t i, T item) { items_.insert(begin() + static_cast<ptrdiff_t>(i), std::move(item)); }
  void Erase(size_t i) { items_.erase(begin() + static_cast<ptrdiff_t>(i)); }
  T TakeFront() {
    T front = std::move(items_[first_]);
    ++first_;
    if (first_ * 2 > items_.size()) {  // half of it is spent
      items_.erase(items_.begin(), begin());
      first_ = 0;
    }
    return front;
  }
  // Keeps the memory.
  void Clear() {
    items_.clear();
    first_ = 0;
  }

 private:
  std::vector<T> items_;  // those before first_ are spent
  size_t first_ = 0;
};

}  // namespace sim
