// Jobs: reading them, adding them, and their order. What the service does with them is in service_writer.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "engine/store/database.h"
#include "engine/store/job_rows.h"
#include "engine/store/run_store.h"

namespace weft::store {

namespace {

Job jobOf(const SQLite::Statement& row) {
  int at = 0;
  const auto text = [&] { return row.getColumn(at++).getString(); };
  const auto number = [&] { return row.getColumn(at++).getInt64(); };
  const auto real = [&] { return row.getColumn(at++).getDouble(); };
  Job job;
  job.id = JobId{number()};
  job.kind = text();
  job.run = RunId{number()};  // NULL reads as 0
  job.body = text();
  job.resources.device = text();
  job.resources.devices = static_cast<int>(number());
  job.state = parseRunState(text()).value_or(JobState::Lost);
  job.wanted = text();
  job.failure = text();
  job.priority = static_cast<int>(number());
  job.position = number();
  job.attempt = static_cast<int>(number());
  job.created = real();
  job.started = real();
  job.ended = real();
  job.phase = text();
  job.progress = real();
  job.heartbeat = real();
  job.promise_s = real();
  job.lanes = textsFromJson(text());
  return job;
}

// A job and the run whose training it is, where it is one, have another place than before.
void touchAll(SQLite::Database& connection, const std::string& condition) {
  touchJobs(connection);
  connection.exec(
      "UPDATE run SET revision = (SELECT last FROM change) WHERE id IN (SELECT run FROM job WHERE kind = "
      "'train' AND " +
      condition + ")");
}

Result<void> requireNeeds(SQLite::Database& connection, const NewJob& job) {
  for (const JobId need : job.needs) WEFT_TRY(requireJob(connection, need));
  return {};
}

// The one job of a condition.
Result<Job> only(std::vector<Job> jobs, const std::string& sentence) {
  if (jobs.empty()) return fail(ErrorCode::NotFound, sentence);
  return std::move(jobs.front());
}

}  // namespace

bool goesBefore(const Job& a, const Job& b) {
  return std::make_tuple(-a.priority, a.position, a.id) < std::make_tuple(-b.priority, b.position, b.id);
}

std::string nameOf(const Job& job) {
  if (job.isTraining()) return fmt::format("run {}", job.run.value);
  if (job.run.value == 0) return fmt::format("job {} ({})", job.id.value, job.kind);
  return fmt::format("job {} ({}, run {})", job.id.value, job.kind, job.run.value);
}

std::vector<Job> jobsWhere(SQLite::Database& connection, const std::string& condition) {
  SQLite::Statement statement(connection,
                              "SELECT id, kind, run, body, device, devices, state, wanted, failure, priority, "
                              "position, attempt, created, started, ended, phase, progress, heartbeat, promise_s, "
                              "ifnull((SELECT lanes FROM attempt WHERE attempt.job = job.id AND number = "
                              "job.attempt), '[]') FROM job " +
                                  condition);
  std::vector<Job> jobs = rowsOf(statement, jobOf);
  SQLite::Statement needs(connection, "SELECT needs FROM job_need WHERE job = ? ORDER BY needs");
  for (Job& job : jobs) {
    needs.reset();
    needs.bind(1, job.id.value);
    job.needs = rowsOf(needs, [](const SQLite::Statement& row) { return JobId{row.getColumn(0).getInt64()}; });
  }
  return jobs;
}

Result<std::vector<Job>> RunStore::openJobs() {
  return m_database->read([](SQLite::Database& connection) -> Result<std::vector<Job>> {
    return jobsWhere(connection, fmt::format("WHERE {} OR {} ORDER BY NOT {}, priority DESC, position, id", kIsActive,
                                             kIsWaiting, kIsActive));
  });
}

Result<Job> RunStore::job(JobId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<Job> {
    return only(jobsWhere(connection, fmt::format("WHERE id = {}", id.value)),
                fmt::format("There is no job {} in this project.", id.value));
  });
}

Result<Job> RunStore::training(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<Job> {
    return only(jobsWhere(connection, fmt::format("WHERE run = {} AND kind = 'train'", id.value)),
                fmt::format("There is no run {} in this project.", id.value));
  });
}

Result<std::vector<Job>> RunStore::jobsOf(RunId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::vector<Job>> {
    WEFT_TRY(requireRun(connection, id));
    return jobsWhere(connection, fmt::format("WHERE run = {} ORDER BY id", id.value));
  });
}

Result<std::vector<Attempt>> RunStore::attempts(RunId id) {
  WEFT_ASSIGN(const JobId job, m_database->read([&](SQLite::Database& connection) -> Result<JobId> {
    return trainingOf(connection, id);
  }));
  return attempts(job);
}

Result<std::vector<Attempt>> RunStore::attempts(JobId id) {
  return m_database->read([&](SQLite::Database& connection) -> Result<std::vector<Attempt>> {
    SQLite::Statement statement(connection,
                                "SELECT number, host, lanes, pid, pid_start, started, ended, device, torch, build, "
                                "outcome, code, message, detail FROM attempt WHERE job = ? ORDER BY number");
    statement.bind(1, id.value);
    return rowsOf(statement, [](const SQLite::Statement& row) {
      return Attempt{.number = row.getColumn(0).getInt(),
                     .host = row.getColumn(1).getString(),
                     .lanes = textsFromJson(row.getColumn(2).getString()),
                     .pid = row.getColumn(3).getInt64(),
                     .pidStart = row.getColumn(4).getString(),
                     .started = row.getColumn(5).getDouble(),
                     .ended = row.getColumn(6).getDouble(),
                     .device = row.getColumn(7).getString(),
                     .torch = row.getColumn(8).getString(),
                     .build = row.getColumn(9).getString(),
                     .outcome = row.getColumn(10).getString(),
                     .code = row.getColumn(11).getString(),
                     .message = row.getColumn(12).getString(),
                     .detail = row.getColumn(13).getString()};
    });
  });
}

Result<JobId> RunStore::addJob(const NewJob& job) {
  if (job.kind == kTrainKind || job.kind.empty())
    return fail(ErrorCode::InvalidInput, "A training is queued with its run; a job of its own is of another kind.");
  return m_database->write([&](SQLite::Database& connection) -> Result<JobId> {
    if (job.run.value != 0) WEFT_TRY(requireRun(connection, job.run));
    WEFT_TRY(requireNeeds(connection, job));
    SQLite::Statement statement(
        connection,
        "INSERT INTO job (kind, run, body, device, devices, state, priority, position, created) "
        "VALUES (?, nullif(?, 0), ?, ?, ?, ?, ?, (SELECT ifnull(max(position), 0) + 1 FROM "
        "job), ?)");
    statement.bind(1, job.kind);
    statement.bind(2, job.run.value);
    statement.bind(3, job.body);
    statement.bind(4, job.resources.device);
    statement.bind(5, job.resources.devices);
    statement.bind(6, toString(job.state));
    statement.bind(7, job.priority);
    statement.bind(8, now());
    statement.exec();
    const JobId id{connection.getLastInsertRowid()};
    SQLite::Statement need(connection, "INSERT OR IGNORE INTO job_need (job, needs) VALUES (?, ?)");
    for (const JobId needed : job.needs) {
      need.reset();
      need.bind(1, id.value);
      need.bind(2, needed.value);
      need.exec();
    }
    touchJobs(connection);
    return id;
  });
}

Result<void> RunStore::request(RequestKind kind, JobId job) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    if (kind != RequestKind::ShutDown) WEFT_TRY(requireJob(connection, job));
    SQLite::Statement statement(connection, "INSERT INTO request (kind, job, time) VALUES (?, ?, ?)");
    statement.bind(1, toString(kind));
    statement.bind(2, job.value);
    statement.bind(3, now());
    statement.exec();
    return {};
  });
}

Result<void> RunStore::request(RequestKind kind, RunId run) {
  if (kind == RequestKind::ShutDown) return request(kind, JobId{});
  WEFT_ASSIGN(const Job job, training(run));
  return request(kind, job.id);
}

Result<void> RunStore::setPriority(JobId id, int priority) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireJob(connection, id));
    SQLite::Statement statement(connection, "UPDATE job SET priority = ? WHERE id = ?");
    statement.bind(1, priority);
    statement.bind(2, id.value);
    statement.exec();
    touch(connection, id);
    return {};
  });
}

Result<void> RunStore::setPriority(RunId id, int priority) {
  WEFT_ASSIGN(const Job job, training(id));
  return setPriority(job.id, priority);
}

Result<void> RunStore::moveInQueue(JobId id, JobId before) {
  return m_database->write([&](SQLite::Database& connection) -> Result<void> {
    WEFT_TRY(requireJob(connection, id));
    if (id == before) return {};
    if (before.value == 0) {
      SQLite::Statement last(connection,
                             fmt::format("UPDATE job SET position = (SELECT max(position) + 1 FROM job), priority = "
                                         "(SELECT min(priority) FROM job WHERE id = ?1 OR {}) WHERE id = ?1",
                                         kIsWaiting));
      last.bind(1, id.value);
      last.exec();
      touch(connection, id);
      return {};
    }
    WEFT_TRY(requireJob(connection, before));
    // Only among those that wait: what has run keeps its number, and its readers their peace.
    const std::string shifted =
        fmt::format("position >= (SELECT position FROM job WHERE id = {0}) AND id != {1} AND (id = {0} OR {2})",
                    before.value, id.value, kIsWaiting);
    touchAll(connection, shifted);
    connection.exec("UPDATE job SET position = position + 1 WHERE " + shifted);
    SQLite::Statement place(connection,
                            "UPDATE job SET (position, priority) = (SELECT position - 1, priority FROM job WHERE id = "
                            "?1) WHERE id = ?2");
    place.bind(1, before.value);
    place.bind(2, id.value);
    place.exec();
    touch(connection, id);
    return {};
  });
}

Result<void> RunStore::moveInQueue(RunId id, RunId before) {
  WEFT_ASSIGN(const Job moved, training(id));
  if (before.value == 0) return moveInQueue(moved.id, JobId{});
  WEFT_ASSIGN(const Job other, training(before));
  return moveInQueue(moved.id, other.id);
}

}  // namespace weft::store
