#include "engine/service/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "engine/base/text.h"

namespace weft::service {

namespace {

std::string contentOf(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

struct ProcessStat {
  char state = 0;
  std::string startTicks;
};

// /proc/PID/stat: "pid (name) state ...": the name may hold spaces and parentheses, so the fields count from the last
// ')'.
std::optional<ProcessStat> readStat(std::int64_t pid) {
  const std::string text = contentOf("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields = split(std::string_view(text).substr(end + 1), ' ');
  constexpr std::size_t kState = 1, kStartTime = 20;  // fields 3 and 22 of proc(5)
  if (fields.size() <= kStartTime || fields[kState].empty()) return std::nullopt;
  return ProcessStat{fields[kState].front(), fields[kStartTime]};
}

// What a child needs between fork and exec, where nothing may allocate.
class ChildPlan {
 public:
  explicit ChildPlan(const Launch& launch) : m_program(launch.program.string()), m_output(launch.output.string()) {
    m_words.push_back(m_program);
    m_words.insert(m_words.end(), launch.arguments.begin(), launch.arguments.end());
    m_variables = launch.variables;
    for (char** variable = environ; *variable != nullptr; ++variable) m_variables.emplace_back(*variable);
    point(m_words, m_arguments);
    point(m_variables, m_environment);
  }

  Result<void> check() const {
    if (::access(m_program.c_str(), X_OK) == 0) return {};
    return fail(ErrorCode::NotFound, m_program + " cannot be started: " + std::generic_category().message(errno) + ".");
  }

  // In the child. Only async-signal-safe calls.
  [[noreturn]] void become() const {
    const int input = ::open("/dev/null", O_RDONLY);
    ::dup2(input, STDIN_FILENO);
    if (!m_output.empty()) {
      const int output = ::open(m_output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
      if (output < 0) ::_exit(126);
      ::dup2(output, STDOUT_FILENO);
      ::dup2(output, STDERR_FILENO);
    }
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    exec();
  }
  [[noreturn]] void exec() const {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE}) ::signal(signal, SIG_DFL);
    ::execve(m_program.c_str(), m_arguments.data(), m_environment.data());
    constexpr char kSentence[] = "weft: the program could not be executed.\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kSentence, sizeof kSentence - 1);
    ::_exit(127);
  }

 private:
  static void point(std::vector<std::string>& texts, std::vector<char*>& pointers) {
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
  }
  std::string m_program, m_output;
  std::vector<std::string> m_words, m_variables;
  std::vector<char*> m_arguments, m_environment;
};

tl::unexpected<Error> systemError(const std::string& what) {
  return fail(ErrorCode::Io, what + ": " + std::generic_category().message(errno) + ".");
}

int waitFor(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

ProcessId identify(std::int64_t pid) {
  const std::optional<ProcessStat> stat = pid > 0 ? readStat(pid) : std::nullopt;
  if (!stat) return {pid, ""};
  const std::string boot = contentOf("/proc/sys/kernel/random/boot_id");
  return {pid, std::string(trim(boot)) + ":" + stat->startTicks};
}

bool isRunning(const ProcessId& process) {
  if (process.pid <= 0 || process.start.empty() || identify(process.pid) != process) return false;
  const std::optional<ProcessStat> stat = readStat(process.pid);
  return stat && stat->state != 'Z' && stat->state != 'X';
}

bool sendSignal(const ProcessId& process, int signal) {
  if (!isRunning(process)) return false;
  const auto pid = static_cast<pid_t>(process.pid);
  const bool leadsASession = ::getsid(pid) == pid;
  return ::kill(leadsASession && signal == SIGKILL ? -pid : pid, signal) == 0;
}

Result<int> runProgram(const Launch& launch) {
  const ChildPlan plan(launch);
  WEFT_TRY(plan.check());
  const pid_t child = ::fork();
  if (child < 0) return systemError("no process can be started for " + launch.program.string());
  if (child == 0) plan.exec();
  const int status = waitFor(child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<GatedChild> GatedChild::start(const Launch& launch) {
  const ChildPlan plan(launch);
  WEFT_TRY(plan.check());
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) return systemError("no pipe can be made for " + launch.program.string());
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(gate[1]);
    ::setsid();
    char word = 0;
    ssize_t got = 0;
    do got = ::read(gate[0], &word, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1) ::_exit(0);
    plan.become();
  }
  ::close(gate[0]);
  if (child < 0) {
    ::close(gate[1]);
    return systemError("no process can be started for " + launch.program.string());
  }
  return GatedChild(identify(child), gate[1]);
}

GatedChild::GatedChild(GatedChild&& other) noexcept
    : m_id(std::move(other.m_id)), m_gate(std::exchange(other.m_gate, -1)) {}

GatedChild::~GatedChild() {
  if (m_gate >= 0) ::close(m_gate);
}

void GatedChild::release() {
  if (m_gate < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(m_gate, "x", 1);
  ::close(std::exchange(m_gate, -1));
}

Result<ProcessId> startInBackground(const Launch& launch) {
  const ChildPlan plan(launch);
  WEFT_TRY(plan.check());
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return systemError("no pipe can be made for " + launch.program.string());
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) plan.become();
    [[maybe_unused]] const ssize_t written = ::write(report[1], &grandchild, sizeof grandchild);
    ::_exit(0);
  }
  ::close(report[1]);
  pid_t grandchild = -1;
  if (child > 0) {
    if (::read(report[0], &grandchild, sizeof grandchild) != sizeof grandchild) grandchild = -1;
    waitFor(child);
  }
  ::close(report[0]);
  if (grandchild <= 0) return systemError("no process can be started for " + launch.program.string());
  return identify(grandchild);
}

Result<ProcessId> startDependent(const Launch& launch) {
  const ChildPlan plan(launch);
  WEFT_TRY(plan.check());
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) return systemError("no process can be started for " + launch.program.string());
  if (child == 0) {
    ::setsid();  // Ctrl-C reaches the parent, which decides
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    plan.become();
  }
  return identify(child);
}

std::optional<ChildEnd> takeEnd(const ProcessId& child) {
  int status = 0;
  if (child.pid <= 0 || ::waitpid(static_cast<pid_t>(child.pid), &status, WNOHANG) != static_cast<pid_t>(child.pid))
    return std::nullopt;
  return WIFEXITED(status) ? ChildEnd{.exitCode = WEXITSTATUS(status)} : ChildEnd{.signal = WTERMSIG(status)};
}

}  // namespace weft::service
