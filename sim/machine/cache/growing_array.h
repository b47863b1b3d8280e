// An array that grows at its end, for elements that may be moved as bytes.
//
// Large ones are grown by the operating system without copying: a std::vector would copy what it
// holds and touch new memory each time.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace attnsim::machine {

template <class T>
class GrowingArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  T& operator[](std::size_t i) { return items_.get()[i]; }
  const T& operator[](std::size_t i) const { return items_.get()[i]; }
  std::size_t size() const { return size_; }
  const T* begin() const { return items_.get(); }
  const T* end() const { return items_.get() + size_; }
  /// REQUIRES: not empty.
  const T& back() const { return items_.get()[size_ - 1]; }
  void pop_back() { --size_; }

  void push_back(const T& item) {
    if (size_ == room_) grow();
    new (items_.get() + size_++) T(item);
  }

 private:
  struct Free {
    void operator()(T* items) const { std::free(items); }  // NOLINT: from realloc
  };

  void grow() {
    constexpr std::size_t kFirst = 64;
    room_ = room_ == 0 ? kFirst : 2 * room_;
    void* grown = std::realloc(items_.get(), room_ * sizeof(T));  // NOLINT: see above
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(items_.release());
    items_.reset(static_cast<T*>(grown));
  }

  std::unique_ptr<T, Free> items_;
  std::size_t size_ = 0;
  std::size_t room_ = 0;
};

}  // namespace attnsim::machine
