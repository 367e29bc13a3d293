#include "ui/models/project_opener.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>
#include <memory>

#include "engine/config/demo.h"
#include "engine/service/client.h"
#include "engine/service/demo.h"

namespace weft::ui {
namespace {

void inBackground(std::function<Result<store::Project>()> work, QObject* context, ProjectAnswer answer) {
  QThreadPool::globalInstance()->start([work = std::move(work), guard = QPointer<QObject>(context), answer = std::move(answer)] {
    auto project = std::make_shared<Result<store::Project>>(work());
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guard, answer, project] {
          if (guard) answer(std::move(*project));
        },
        Qt::QueuedConnection);
  });
}

Result<store::Project> makeExample(const std::filesystem::path& folder) {
  WEFT_ASSIGN(store::Project project, store::Project::create(folder));
  WEFT_ASSIGN(store::RunStore store, store::RunStore::open(project.database()));
  WEFT_ASSIGN(const std::vector<store::RunSummary> runs, store.runs());
  if (!runs.empty()) return project;
  WEFT_ASSIGN(const service::DemoText text, service::demoText(project));
  for (const config::RunConfig& config : config::demoRuns({.quick = true, .files = text.files, .validFiles = text.validFiles, .seeds = {}})) {
    // It reads the weights of a run that has not ended yet.
    if (!config::demoOriginal(config).empty()) continue;
    WEFT_TRY(service::submit(project, store, config));
  }
  return project;
}

}  // namespace

void openProject(const QString& folder, QObject* context, ProjectAnswer answer) {
  inBackground([path = std::filesystem::path(folder.toStdString())] { return store::Project::open(path); }, context, std::move(answer));
}

void createProject(const QString& folder, QObject* context, ProjectAnswer answer) {
  inBackground([path = std::filesystem::path(folder.toStdString())] { return store::Project::create(path); }, context, std::move(answer));
}

void openExample(const QString& folder, QObject* context, ProjectAnswer answer) {
  inBackground([path = std::filesystem::path(folder.toStdString())] { return makeExample(path); }, context, std::move(answer));
}

}  // namespace weft::ui
