#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>

#include "engine/base/version.h"
#include "engine/device/device.h"
#include "engine/worker/event_writer.h"
#include "engine/worker/job.h"
#include "engine/worker/jobs.h"
#include "engine/worker/progress.h"

namespace weft::worker {

namespace {

std::atomic<train::StopWish> g_wish{train::StopWish::None};
static_assert(std::atomic<train::StopWish>::is_always_lock_free, "a signal handler sets it");

void onSignal(int signal) { g_wish.store(signal == SIGUSR1 ? train::StopWish::Pause : train::StopWish::Stop); }

void installSignalHandlers() {
  struct sigaction action {};
  action.sa_handler = onSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);
  signal(SIGHUP, SIG_IGN);   // the terminal that started the service may close
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of write(2), not the end
  signal(SIGPIPE, SIG_IGN);
}

bool isTraining(const JobContext& context) { return std::holds_alternative<protocol::TrainJob>(context.job.body); }

// The first line of what(): torch appends a C++ stack trace, which belongs into the detail.
Error fromException(ErrorCode code, const char* what) {
  const std::string text = what;
  std::string sentence = text.substr(0, text.find('\n'));
  if (sentence.find_last_of(".?!") + 1 != sentence.size()) sentence += '.';
  return {code, sentence, text};
}

Error outOfMemory(const JobContext& context, const std::string& detail) {
  return {ErrorCode::OutOfMemory,
          fmt::format("The device ran out of memory{}; a smaller {} needs less.",
                      context.step >= 0 ? fmt::format(" at step {}", context.step) : "",
                      isTraining(context) ? "train.micro_batch or train.sequence_length" : "batch or context"),
          detail};
}

// The CPU's allocator has no exception of its own.
bool isOutOfHostMemory(const c10::Error& error) {
  return std::string_view(error.what()).find("can't allocate memory") != std::string_view::npos;
}

// A training that had not begun has nothing to keep, and ends as one that had; anything else is not done.
Result<protocol::FinishedEvent> interrupted(const JobContext& context) {
  if (!isTraining(context)) return fail(ErrorCode::Canceled, "The job was stopped before it was done.");
  return protocol::FinishedEvent{.outcome = context.wish.load() == train::StopWish::Pause ? "paused" : "stopped"};
}

// Turns everything that can be thrown below into an Error: a worker always says why it ended.
Result<protocol::FinishedEvent> guarded(JobContext& context) {
  try {
    return std::visit([&](const auto& job) { return run(context, job); }, context.job.body);
  } catch (const Interrupted&) {
    return interrupted(context);
  } catch (const c10::OutOfMemoryError& error) {
    return tl::unexpected(outOfMemory(context, error.what()));
  } catch (const std::bad_alloc& error) {
    return tl::unexpected(outOfMemory(context, error.what()));
  } catch (const c10::Error& error) {
    if (isOutOfHostMemory(error)) return tl::unexpected(outOfMemory(context, error.what()));
    return tl::unexpected(fromException(ErrorCode::JobFailed, error.what_without_backtrace()));
  } catch (const std::invalid_argument& error) {
    return tl::unexpected(fromException(ErrorCode::InvalidInput, error.what()));
  } catch (const std::exception& error) {
    return tl::unexpected(fromException(ErrorCode::JobFailed, error.what()));
  } catch (...) {
    return fail(ErrorCode::Internal, "The job ended with an exception that says nothing of itself.");
  }
}

}  // namespace

void writeHello(JobContext& context, const std::string& device) {
  const auto* training = std::get_if<protocol::TrainJob>(&context.job.body);
  context.events.write(protocol::HelloEvent{.attempt = training ? training->attempt : 1,
                                            .pid = getpid(),
                                            .build = version(),
                                            .torch = device::torchVersion(),
                                            .device = device});
  context.hasSaidHello = true;
}

int runJob(const std::filesystem::path& runFolder, std::FILE* stream) {
  installSignalHandlers();
  Result<EventWriter> events = EventWriter::open(runFolder / "events.jsonl");
  if (!events) {
    std::fprintf(stream, "weft-worker: %s\n", events.error().message.c_str());
    return exitCode(events.error().code);
  }
  RunLog log(stream);
  events->setListener([&log](const protocol::Event& event) { log.listen(event); });
  Result<protocol::FinishedEvent> finished = fail(ErrorCode::Internal, "The job did not start.");
  std::int64_t step = -1;
  if (const Result<protocol::Job> job = protocol::readJob(runFolder)) {
    JobContext context{.job = *job, .folder = runFolder, .events = *events, .log = log, .wish = g_wish};
    finished = guarded(context);
    step = context.step;
    // An attempt begins with hello, even one that did not come as far as its device.
    if (!context.hasSaidHello) writeHello(context, "");
  } else {
    finished = tl::unexpected(job.error());
    events->write(
        protocol::HelloEvent{.attempt = 0, .pid = getpid(), .build = version(), .torch = device::torchVersion()});
  }
  bool isTold = false;
  if (finished) {
    isTold = events->write(*finished);
  } else {
    const Error& error = finished.error();
    isTold = events->write(protocol::FailedEvent{
        .code = toString(error.code), .message = error.message, .detail = error.detail, .step = step});
  }
  if (!isTold) log.say("The end could not be written to events.jsonl, so the run counts as failed.");
  events->sync();
  return finished && isTold ? 0 : 3;
}

}  // namespace weft::worker
