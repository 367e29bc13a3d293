// device: what the machine's device is and does at most.
#include "engine/device/device.h"
#include "engine/device/peaks.h"
#include "engine/worker/jobs.h"
#include "engine/worker/model_setup.h"

namespace weft::worker {

Result<protocol::FinishedEvent> run(JobContext& context, const protocol::DeviceJob&) {
  WEFT_ASSIGN(const Machine machine, setUpMachine(context, {}));
  const sharing::DeviceModel model = device::measurePeaks(machine.device);
  protocol::FinishedEvent finished;
  finished.summary = {{"memory_bytes", model.memoryBytes},
                      {"bytes_per_second", model.bytesPerSecond},
                      {"flops_per_second_16_bit", model.flopsPerSecond16Bit},
                      {"flops_per_second_float32", model.flopsPerSecondFloat32}};
  finished.texts = {{"name", model.name}};
  return finished;
}

}  // namespace weft::worker
