#include "ui/models/table_export.h"

#include <QCoreApplication>
#include <QPointer>
#include <QThreadPool>

#include "engine/base/files.h"
#include "engine/base/text.h"
#include "engine/service/client.h"

namespace weft::ui {
namespace {

QString quoted(const std::string& text) { return QString::fromStdString(csvField(text)); }

QString number(std::optional<double> value) { return value ? QString::number(*value, 'g', 10) : QString(); }

}  // namespace

QString runsAsCsv(const std::vector<store::RunSummary>& runs) {
  QStringList lines{
      QStringLiteral("id,name,state,map,generator,query_heads,kv_heads,head_width,parameters,perplexity,kv_bytes_per_"
                     "token,kv_bytes_measured,cache,"
                     "tokens_per_second,step,"
                     "steps,tokens,seed,tags,note")};
  for (const store::RunSummary& run : runs)
    lines << QStringList{QString::number(run.id.value),
                         quoted(run.name),
                         QString::fromLatin1(store::toString(run.state)),
                         quoted(run.map),
                         quoted(run.generator),
                         QString::number(run.queryHeads),
                         QString::number(run.kvHeads),
                         QString::number(run.headWidth),
                         QString::number(run.parameters),
                         number(run.perplexity),
                         number(run.kvBytesPerToken),
                         number(run.kvBytesPerTokenMeasured),
                         quoted(run.cache),
                         number(run.tokensPerSecond),
                         QString::number(run.step),
                         QString::number(run.steps),
                         QString::number(run.tokens),
                         QString::number(run.seed),
                         quoted(join(run.tags, " ")),
                         quoted(run.note)}
                 .join(u',');
  return lines.join(u'\n') + u'\n';
}

QString runsAsJson(const std::vector<store::RunSummary>& runs) {
  QStringList items;
  for (const store::RunSummary& run : runs) items << QString::fromStdString(service::toJson(run));
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
