#include "ui/models/table_export.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

#include "engine/base/files.h"
#include "engine/base/json.h"
#include "engine/store/run_fields.h"

namespace weft::ui {
QString runsAsCsv(const std::vector<store::RunSummary>& runs) { return QString::fromStdString(store::runsToCsv(runs)); }

QString runsAsJson(const std::vector<store::RunSummary>& runs) {
  QStringList items;
  for (const store::RunSummary& run : runs) items << QString::fromStdString(jsonText(store::runToJson(run)));
  return QStringLiteral("[%1]\n").arg(items.join(QStringLiteral(",\n ")));
}

void writeInBackground(const QString& path, const QByteArray& content, QObject* context,
                       std::function<void(const Result<void>&)> done) {
  QThreadPool::globalInstance()->start([path, content, guard = QPointer<QObject>(context), done = std::move(done)] {
    const std::filesystem::path file = path.toStdString();
    Result<void> made = createFolders(file.parent_path());  // the project's figures, if this is the first
    if (made)
      made = writeFileAtomically(file, std::string_view(content.constData(), static_cast<std::size_t>(content.size())));
    const auto written = std::make_shared<Result<void>>(std::move(made));
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guard, done, written] {
          if (guard) done(*written);
        },
        Qt::QueuedConnection);
  });
}

QString exportedSentence(const QString& path, const Result<void>& written) {
  return written ? QStringLiteral("Exported to %1.").arg(path) : QString::fromStdString(written.error().message);
}

}  // namespace weft::ui
