#include <cuda_runtime.h>
#include <ucontext.h>

#include <array>
#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace weft::emulation {

namespace {

constexpr std::size_t kStackBytes = std::size_t{64} * 1024;
constexpr unsigned kWarp = 32;

enum class Waits { Nothing, Barrier, Shuffle, Ended };

// The shuffles of a warp. Two sets of values: a lane that is one shuffle ahead must not overwrite what others still
// read, and none can be two ahead.
struct Warp {
  std::array<std::array<float, kWarp>, 2> values{};
  unsigned arrived = 0;
  std::uint64_t done = 0;  // shuffles to which all lanes have come
};

struct Fiber {
  ucontext_t context{};
  std::unique_ptr<char[]> stack;
  dim3 index;
  Waits waits = Waits::Nothing;
  std::uint64_t shuffles = 0;  // that this lane has come to
};

struct Machine {
  dim3 blocks, threads, block;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Warp> warps;
  Fiber* running = nullptr;
  ucontext_t scheduler{};
  const std::function<void()>* body = nullptr;
  std::exception_ptr failure;
  const void* schedulerStack = nullptr;
  std::size_t schedulerStackBytes = 0;
};

Machine* g_machine = nullptr;

void beginSwitch([[maybe_unused]] void** fake, [[maybe_unused]] const void* stack, [[maybe_unused]] std::size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fake, stack, bytes);
#endif
}
void endSwitch([[maybe_unused]] void* fake, [[maybe_unused]] const void** from, [[maybe_unused]] std::size_t* bytes) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake, from, bytes);
#endif
}

// Back to the scheduler until it comes round again.
void yield() {
  Machine& machine = *g_machine;
  Fiber& fiber = *machine.running;
  void* fake = nullptr;
  beginSwitch(&fake, machine.schedulerStack, machine.schedulerStackBytes);
  swapcontext(&fiber.context, &machine.scheduler);
  endSwitch(fake, nullptr, nullptr);
}

void enter() {
  Machine& machine = *g_machine;
  endSwitch(nullptr, &machine.schedulerStack, &machine.schedulerStackBytes);
  Fiber& fiber = *machine.running;
  try {
    (*machine.body)();
  } catch (const std::exception&) {
    machine.failure = std::current_exception();
  }
  fiber.waits = Waits::Ended;
  beginSwitch(nullptr, machine.schedulerStack, machine.schedulerStackBytes);
  swapcontext(&fiber.context, &machine.scheduler);
}

void resume(Fiber& fiber) {
  Machine& machine = *g_machine;
  machine.running = &fiber;
  void* fake = nullptr;
  beginSwitch(&fake, fiber.stack.get(), kStackBytes);
  swapcontext(&machine.scheduler, &fiber.context);
  endSwitch(fake, nullptr, nullptr);
  machine.running = nullptr;
}

void runBlock() {
  Machine& machine = *g_machine;
  const unsigned count = machine.threads.x;
  machine.warps.assign((count + kWarp - 1) / kWarp, {});
  for (unsigned i = 0; i < count; ++i) {
    Fiber& fiber = *machine.fibers[i];
    fiber.index = {i, 0, 0};
    fiber.waits = Waits::Nothing;
    fiber.shuffles = 0;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, enter, 0);
  }
  for (;;) {
    bool anyRan = false;
    unsigned ended = 0, atBarrier = 0;
    for (unsigned i = 0; i < count; ++i) {
      Fiber& fiber = *machine.fibers[i];
      const bool isFree = fiber.waits == Waits::Nothing ||
                          (fiber.waits == Waits::Shuffle && machine.warps[i / kWarp].done >= fiber.shuffles);
      if (isFree) {
        fiber.waits = Waits::Nothing;
        resume(fiber);
        anyRan = true;
        if (machine.failure) return;
      }
      ended += fiber.waits == Waits::Ended;
      atBarrier += fiber.waits == Waits::Barrier;
    }
    if (ended == count) return;
    if (atBarrier == count) {
      for (unsigned i = 0; i < count; ++i) machine.fibers[i]->waits = Waits::Nothing;
    } else if (!anyRan) {
      throw std::runtime_error("a thread waits at a barrier or in a shuffle for others that never come");
    }
  }
}

}  // namespace

const dim3& thread() { return g_machine->running->index; }
const dim3& block() { return g_machine->block; }
const dim3& threads() { return g_machine->threads; }
const dim3& blocks() { return g_machine->blocks; }

void barrier() {
  g_machine->running->waits = Waits::Barrier;
  yield();
}

float shuffleXor(float value, int mask) {
  Fiber& fiber = *g_machine->running;
  Warp& warp = g_machine->warps[fiber.index.x / kWarp];
  const unsigned lane = fiber.index.x % kWarp;
  auto& values = warp.values[fiber.shuffles % 2];
  ++fiber.shuffles;
  values[lane] = value;
  if (++warp.arrived == kWarp) {
    warp.arrived = 0;
    ++warp.done;
  }
  if (warp.done < fiber.shuffles) {
    fiber.waits = Waits::Shuffle;
    yield();
  }
  return values[lane ^ static_cast<unsigned>(mask)];
}

void launch(dim3 blocks, dim3 threads, const std::function<void()>& body) {
  Machine machine;
  machine.blocks = blocks;
  machine.threads = threads;
  machine.body = &body;
  for (unsigned i = 0; i < threads.x; ++i) {
    machine.fibers.push_back(std::make_unique<Fiber>());
    machine.fibers.back()->stack = std::make_unique_for_overwrite<char[]>(kStackBytes);
  }
  g_machine = &machine;
  for (unsigned i = 0; i < blocks.x; ++i) {
    machine.block = {i, 0, 0};
    runBlock();
    if (machine.failure) std::rethrow_exception(machine.failure);
  }
  g_machine = nullptr;
}

}  // namespace weft::emulation
