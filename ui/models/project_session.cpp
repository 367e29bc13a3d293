#include "ui/models/project_session.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QPointer>
#include <QThread>
#include <QTimer>
#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

#include "engine/base/files.h"
#include "engine/service/client.h"
#include "engine/store/run_labels.h"

namespace weft::ui {
namespace {

// So often it is asked whether anything changed, which costs some microseconds; and so often it is told at most.
constexpr int kPoll_ms = 20, kTell_ms = 200;
constexpr int kPatience_ms = 1000;
constexpr std::uint64_t kLogTail_bytes = 64 * 1024;

QString sentence(const Error& error) { return QString::fromStdString(error.message); }

Result<QString> readLogTail(const std::filesystem::path& path) {
  const Result<InputFile> file = InputFile::open(path);
  if (!file) return QString();  // a run that has not started has no log yet
  const std::uint64_t begin = file->size() - std::min(file->size(), kLogTail_bytes);
  std::string text(file->size() - begin, '\0');
  WEFT_ASSIGN(const std::size_t count, file->readAt(begin, text.data(), text.size()));
  text.resize(count);
  if (begin > 0) text.erase(0, text.find('\n') == std::string::npos ? 0 : text.find('\n') + 1);
  return QString::fromStdString(text);
}

Result<RunDetail> readHistory(store::RunStore& store, store::RunId id) {
  RunDetail detail;
  WEFT_ASSIGN(detail.summary, store.run(id));
  WEFT_ASSIGN(detail.evaluations, store.evaluations(id));
  WEFT_ASSIGN(detail.measurements, store.measurements(id));
  WEFT_ASSIGN(detail.checkpoints, store.checkpoints(id));
  WEFT_ASSIGN(detail.attempts, store.attempts(id));
  return detail;
}

Result<RunDetail> readDetail(store::RunStore& store, store::RunId id) {
  WEFT_ASSIGN(RunDetail detail, readHistory(store, id));
  WEFT_ASSIGN(detail.configToml, store.configToml(id));
  WEFT_ASSIGN(const std::vector<std::string> names, store.metricNames(id));
  for (const std::string& name : names) {
    WEFT_ASSIGN(store::MetricSeries series, store.metric(id, name));
    detail.metrics.push_back(std::move(series));
  }
  return detail;
}

Result<std::vector<store::MetricSeries>> readSeries(store::RunStore& store,
                                                    const std::vector<ProjectSession::SeriesRequest>& requests) {
  std::vector<store::MetricSeries> answer;
  for (const ProjectSession::SeriesRequest& request : requests) {
    std::vector<std::string> names{request.metric};
    if (request.metric.empty()) {
      WEFT_ASSIGN(names, store.metricNames(request.run));
    }
    for (const std::string& name : names) {
      WEFT_ASSIGN(store::MetricSeries series, store.metric(request.run, name, request.fromStep));
      answer.push_back(std::move(series));
    }
  }
  return answer;
}

Result<std::vector<ProjectSession::MeasurementsOfRun>> readMeasurements(store::RunStore& store) {
  std::vector<ProjectSession::MeasurementsOfRun> answer;
  WEFT_ASSIGN(std::vector<store::MeasurementOfRun> all, store.measurements());
  for (store::MeasurementOfRun& one : all) {
    if (answer.empty() || answer.back().run != one.run)
      answer.push_back({.run = one.run, .name = std::move(one.name), .measurements = {}});
    answer.back().measurements.push_back(std::move(one.measurement));
  }
  return answer;
}

// The newest run comes first: O(log n), since pages ask for every row of a list.
RunRows::Iterator placeOf(const RunRows& runs, store::RunId id) {
  return std::lower_bound(runs.begin(), runs.end(), id,
                          [](const store::RunSummary& run, store::RunId wanted) { return run.id > wanted; });
}

// What a label may depend on (store/run_labels.h).
auto labelled(const store::RunSummary& run) {
  return std::tie(run.name, run.kind, run.map, run.generator, run.layers, run.hidden, run.queryHeads, run.kvHeads,
                  run.headWidth, run.cache, run.steps, run.seed, run.archived, run.kvBytesPerToken, run.parameters);
}

// The runs that changed take their places among the others, which stay the objects they were. True if a label may be
// another now.
bool merge(RunRows& runs, std::vector<store::RunSummary> changed) {
  bool isOfLabels = false;
  if (runs.empty()) {
    for (auto run = changed.rbegin(); run != changed.rend(); ++run) runs.push_back(std::move(*run));
    return true;
  }
  for (store::RunSummary& run : changed) {
    const auto found = placeOf(runs, run.id);
    const auto place = runs.rows().begin() + (found - runs.begin());
    const bool isNew = found == runs.end() || found->id != run.id;
    isOfLabels = isOfLabels || isNew || labelled(*found) != labelled(run);
    auto row = std::make_shared<const store::RunSummary>(std::move(run));
    if (isNew) {
      runs.rows().insert(place, std::move(row));
    } else {
      *place = std::move(row);
    }
  }
  return isOfLabels;
}

}  // namespace

const store::RunSummary* RunsSnapshot::find(store::RunId id) const {
  const auto found = placeOf(runs, id);
  return found != runs.end() && found->id == id ? &*found : nullptr;
}

QString RunsSnapshot::distinction(store::RunId id) const {
  const auto found = placeOf(runs, id);
  const auto place = static_cast<std::size_t>(found - runs.begin());
  return found != runs.end() && found->id == id && place < distinctions.size()
             ? QString::fromStdString(distinctions[place])
             : QString();
}

QString RunsSnapshot::label(const store::RunSummary& run) const {
  const QString name = QString::fromStdString(run.name), rest = distinction(run.id);
  return rest.isEmpty() ? name : QStringLiteral("%1 %2").arg(name, rest);
}

QString RunsSnapshot::label(store::RunId id) const {
  const store::RunSummary* run = find(id);
  return run ? label(*run) : QString();
}

// Everything below `agent` happens on `thread`; the GUI thread only posts to it.
struct ProjectSession::Worker {
  std::mutex sessionMutex;
  ProjectSession* session;  // null once it is gone and this worker only finishes its last write
  store::Project project;
  QThread thread;
  QObject* agent = new QObject;  // lives on `thread`, deleted there

  // Touched on `thread` only.
  std::optional<store::RunStore> store;
  Error openError;
  std::int64_t seenVersion = -1;
  bool isStale = true;        // our own writes do not change data_version
  bool isOpen = false;        // its list was read once: before that a page would say that there are no runs
  RunsSnapshot known;         // as it was last told
  std::int64_t revision = 0;  // of the store, that `known` is of
  QElapsedTimer lastTold;
  std::string lastReadError;

  Worker(ProjectSession* owner, store::Project opened) : session(owner), project(std::move(opened)) {
    thread.setObjectName(QStringLiteral("weft-store"));
    agent->moveToThread(&thread);
    QObject::connect(&thread, &QThread::finished, agent, &QObject::deleteLater);
    thread.start();
    post([this] { open(); });
  }

  ~Worker() { thread.wait(); }

  // The last task in the queue ends the thread: whatever was asked for before it is still done. A store that somebody
  // else holds for longer must not hold up the window: the worker then ends on its own.
  static void finish(std::unique_ptr<Worker> worker) {
    {
      const std::scoped_lock lock(worker->sessionMutex);
      worker->session = nullptr;
    }
    worker->post([worker = worker.get()] { worker->thread.quit(); });
    if (worker->thread.wait(kPatience_ms)) return;
    QThread* thread = &worker->thread;
    QObject::connect(thread, &QThread::finished, QCoreApplication::instance(),
                     [worker = worker.release()] { delete worker; });
  }

  template <class Task>
  void post(Task task) {
    QMetaObject::invokeMethod(agent, std::move(task), Qt::QueuedConnection);
  }

  // Runs act(session) on the GUI thread, unless the session is gone.
  template <class Act>
  void tell(Act act) {
    const std::scoped_lock lock(sessionMutex);
    if (session)
      QMetaObject::invokeMethod(
          session, [session = session, act = std::move(act)]() mutable { act(*session); }, Qt::QueuedConnection);
  }

  void raise(const QString& text, bool isError) {
    tell([text, isError](ProjectSession& s) { Q_EMIT s.messageRaised(text, isError); });
  }

  // Reads with the store on the worker thread and answers on the GUI thread, unless `context` is gone by then.
  template <class T, class Read>
  void ask(QObject* context, Answer<T> answer, Read read) {
    post([this, guard = QPointer<QObject>(context), hasContext = context != nullptr, answer = std::move(answer),
          read = std::move(read)]() mutable {
      Result<T> result = store ? Result<T>(read()) : Result<T>(tl::unexpected(openError));
      tell([guard, hasContext, answer = std::move(answer),
            result = std::make_shared<Result<T>>(std::move(result))](ProjectSession&) {
        if (answer && (guard || !hasContext)) answer(std::move(*result));
      });
    });
  }

  void open() {
    auto opened = store::RunStore::open(project.database());
    if (!opened && opened.error().code == ErrorCode::NewerVersion) {
      const Error newer = opened.error();
      opened = store::RunStore::open(project.database(), store::RunStore::Mode::ReadOnly);
      if (opened) raise(QStringLiteral("The project is open for reading only: %1").arg(sentence(newer)), true);
    }
    if (!opened) {
      openError = opened.error();
      tell([text = sentence(openError)](ProjectSession& s) { Q_EMIT s.failed(text); });
      return;
    }
    store.emplace(std::move(*opened));
    poll();
    auto* timer = new QTimer(agent);
    QObject::connect(timer, &QTimer::timeout, agent, [this] { poll(); });
    timer->start(kPoll_ms);
  }

  void poll() {
    const bool running = service::isEngineRunning(project);
    const auto version = store->dataVersion();
    if (!version) return readFailed(version.error());
    if (*version == seenVersion && !isStale && running == known.engineRunning) return;
    if (isOpen && !isStale && lastTold.isValid() && lastTold.elapsed() < kTell_ms) return;
    const Result<bool> isNew = readChanges(running);
    if (!isNew) return readFailed(isNew.error());
    seenVersion = *version;
    isStale = false;
    lastReadError.clear();
    if (!*isNew && isOpen) return;
    lastTold.start();
    tell([shared = std::make_shared<const RunsSnapshot>(known)](ProjectSession& s) {
      s.m_snapshot = shared;
      Q_EMIT s.runsChanged(shared);
    });
    if (!std::exchange(isOpen, true)) tell([](ProjectSession& s) { Q_EMIT s.opened(); });
  }

  // Brings `known` up to date; false if nothing of it is new.
  Result<bool> readChanges(bool running) {
    WEFT_ASSIGN(const std::vector<store::Alert> fresh,
                store->alerts(known.alerts.empty() ? 0 : known.alerts.back().id));
    WEFT_ASSIGN(store::EngineState engine, store->engineState());
    WEFT_ASSIGN(store::RunChanges changes, store->runsChangedSince(revision));
    std::vector<store::Job> jobs;
    if (changes.revision != revision) {
      WEFT_ASSIGN(jobs, store->openJobs());
    }
    const bool isNew =
        changes.revision != revision || !fresh.empty() || engine != known.engine || running != known.engineRunning;
    known.alerts.insert(known.alerts.end(), fresh.begin(), fresh.end());
    known.engine = std::move(engine);
    known.engineRunning = running;
    if (changes.revision == revision) return isNew;
    revision = changes.revision;
    known.jobs = std::move(jobs);
    for (const store::RunSummary& run : changes.runs) known.updated = std::max(known.updated, run.updated);
    if (merge(known.runs, std::move(changes.runs))) {
      std::vector<const store::RunSummary*> runs;
      for (const store::RunSummary& run : known.runs) runs.push_back(&run);
      known.distinctions = store::runDistinctions(runs);
    }
    return isNew;
  }

  // A locked store is asked again at the next poll; the sentence is raised once, not four times a second.
  void readFailed(const Error& error) {
    if (error.code == ErrorCode::Busy || error.message == lastReadError) return;
    lastReadError = error.message;
    if (!isOpen) return tell([text = sentence(error)](ProjectSession& s) { Q_EMIT s.failed(text); });
    raise(QStringLiteral("The project cannot be read: %1").arg(sentence(error)), true);
  }

  void ensureEngine() {
    if (const auto started = service::ensureEngine(project); !started)
      raise(QStringLiteral("The engine does not start: %1").arg(sentence(started.error())), true);
  }

  template <class Id>
  void ask(store::RequestKind kind, Id id);

  void wrote() {
    isStale = true;
    poll();
  }
};

ProjectSession::ProjectSession(store::Project project, QObject* parent)
    : QObject(parent), m_project(std::move(project)), m_snapshot(std::make_shared<RunsSnapshot>()) {
  m_worker = std::make_unique<Worker>(this, m_project);
}

ProjectSession::~ProjectSession() { Worker::finish(std::move(m_worker)); }

void ProjectSession::loadDetail(store::RunId id, QObject* context, Answer<RunDetail> answer) {
  m_worker->ask<RunDetail>(context, std::move(answer),
                           [worker = m_worker.get(), id] { return readDetail(*worker->store, id); });
}

void ProjectSession::loadHistory(store::RunId id, QObject* context, Answer<RunDetail> answer) {
  m_worker->ask<RunDetail>(context, std::move(answer),
                           [worker = m_worker.get(), id] { return readHistory(*worker->store, id); });
}

void ProjectSession::loadConfig(store::RunId id, QObject* context, Answer<std::string> answer) {
  m_worker->ask<std::string>(context, std::move(answer),
                             [worker = m_worker.get(), id] { return worker->store->configToml(id); });
}

void ProjectSession::loadSeries(std::vector<SeriesRequest> requests, QObject* context,
                                Answer<std::vector<store::MetricSeries>> answer) {
  m_worker->ask<std::vector<store::MetricSeries>>(
      context, std::move(answer),
      [worker = m_worker.get(), requests = std::move(requests)] { return readSeries(*worker->store, requests); });
}

void ProjectSession::loadMeasurements(QObject* context, Answer<std::vector<MeasurementsOfRun>> answer) {
  m_worker->ask<std::vector<MeasurementsOfRun>>(context, std::move(answer),
                                                [worker = m_worker.get()] { return readMeasurements(*worker->store); });
}

void ProjectSession::loadLog(store::RunId id, QObject* context, Answer<QString> answer) {
  m_worker->ask<QString>(context, std::move(answer),
                         [path = m_project.runFolder(id) / "log.txt"] { return readLogTail(path); });
}

void ProjectSession::submit(const config::RunConfig& config, QObject* context, Answer<store::RunId> answer) {
  m_worker->ask<store::RunId>(context, std::move(answer), [worker = m_worker.get(), config] {
    auto id = service::submit(worker->project, *worker->store, config);
    if (id) {
      worker->wrote();
      worker->ensureEngine();
    }
    return id;
  });
}

template <class Id>
void ProjectSession::Worker::ask(store::RequestKind kind, Id id) {
  post([this, kind, id] {
    if (!store) return;
    if (const auto asked = store->request(kind, id); !asked)
      return raise(QStringLiteral("The request was not stored: %1").arg(sentence(asked.error())), true);
    wrote();
    if (kind != store::RequestKind::ShutDown) ensureEngine();
  });
}

void ProjectSession::request(store::RequestKind kind, store::RunId id) { m_worker->ask(kind, id); }
void ProjectSession::request(store::RequestKind kind, store::JobId id) { m_worker->ask(kind, id); }

void ProjectSession::startEngine() {
  m_worker->post([worker = m_worker.get()] {
    if (worker->store) worker->ensureEngine();
  });
}

void ProjectSession::edit(std::function<Result<void>(store::RunStore&)> write, const QString& what) {
  m_worker->post([worker = m_worker.get(), write = std::move(write), what] {
    if (!worker->store) return;
    if (const auto done = write(*worker->store); !done)
      worker->raise(QStringLiteral("%1 failed: %2").arg(what, sentence(done.error())), true);
    worker->wrote();
  });
}

}  // namespace weft::ui
