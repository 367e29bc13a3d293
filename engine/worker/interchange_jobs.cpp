// The jobs that read and write other projects' model files.
#include <nlohmann/json.hpp>

#include "engine/device/device.h"
#include "engine/interchange/import_model.h"
#include "engine/worker/jobs.h"
#include "engine/worker/progress.h"

namespace weft::worker {

Result<service::FinishedEvent> runImport(JobContext& context) {
  WEFT_ASSIGN(const std::string from, context.job.require("from"));
  WEFT_ASSIGN(const std::string out, context.job.require("out"));
  WEFT_TRY(context.job.check());
  writeHello(context, "cpu");
  ProgressReporter report(context);
  WEFT_ASSIGN(const interchange::ImportReport imported, interchange::importModel(from, out, [&](double fraction) { report("importing", fraction); }));
  service::FinishedEvent finished;
  finished.summary = {{"parameters", static_cast<double>(imported.parameters)}};
  finished.texts = {{"architecture", imported.architecture}, {"dropped", nlohmann::json(imported.dropped).dump()}, {"out", out}};
  return finished;
}

}  // namespace weft::worker
