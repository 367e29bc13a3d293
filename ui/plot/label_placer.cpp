#include "ui/plot/label_placer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace weft::ui {
namespace {

constexpr double kImpossible = std::numeric_limits<double>::infinity();
// Below every cost of a line covered: only a tie-break.
constexpr double kOrderCost = 0.01, kDistanceCost = 0.5, kLineCost = 3;

struct Candidate {
  QRectF box;
  double cost = 0;
  bool hasLeader = false;
};

// The eight directions in the order in which people like to read labels, at growing distances.
std::vector<Candidate> candidatesOf(const LabelRequest& label) {
  static constexpr std::array<std::pair<int, int>, 8> kDirections{
      {{1, -1}, {1, 0}, {0, -1}, {1, 1}, {-1, -1}, {-1, 0}, {0, 1}, {-1, 1}}};
  static constexpr std::array<double, 5> kDistances{0, 0.6, 1.4, 2.4, 3.6};  // in text heights
  const int sign = label.side == LabelRequest::Side::RightAbove ? 1 : -1;
  std::vector<Candidate> candidates;
  for (std::size_t far = 0; far < (label.mayGoFar ? kDistances.size() : 1); ++far) {
    const qreal away = kDistances[far] * label.size.height();
    for (std::size_t i = 0; i < kDirections.size(); ++i) {
      const int dx = sign * kDirections[i].first, dy = sign * kDirections[i].second;
      const qreal gapX = label.radius * (dy == 0 ? 1.6 : 1.0) + away,
                  gapY = label.radius * (dx == 0 ? 1.5 : 0.4) + away;
      const QPointF point = label.point;
      const qreal left = dx > 0   ? point.x() + gapX
                         : dx < 0 ? point.x() - gapX - label.size.width()
                                  : point.x() - label.size.width() / 2;
      const qreal top = dy > 0   ? point.y() + gapY
                        : dy < 0 ? point.y() - gapY - label.size.height()
                                 : point.y() - label.size.height() / 2;
      candidates.push_back({QRectF(QPointF(left, top), label.size),
                            kOrderCost * static_cast<double>(i) + kDistanceCost * static_cast<double>(far * far),
                            far >= 1});
    }
  }
  return candidates;
}

bool crosses(const QRectF& box, const QLineF& line) {
  if (box.contains(line.p1()) || box.contains(line.p2())) return true;
  const std::array<QLineF, 2> diagonals{QLineF(box.topLeft(), box.bottomRight()),
                                        QLineF(box.topRight(), box.bottomLeft())};
  return std::any_of(diagonals.begin(), diagonals.end(), [&](const QLineF& diagonal) {
    return line.intersects(diagonal, nullptr) == QLineF::BoundedIntersection;
  });
}

QRectF markerBox(const LabelRequest& label) {
  return {label.point.x() - label.radius, label.point.y() - label.radius, 2 * label.radius, 2 * label.radius};
}

}  // namespace

std::vector<PlacedLabel> placeLabels(const std::vector<LabelRequest>& requests, const LabelSurroundings& surroundings) {
  std::vector<PlacedLabel> placed(requests.size());
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return requests[a].priority > requests[b].priority; });

  // Of ten thousand markers only those matter that some place of the label would touch.
  std::vector<std::vector<Candidate>> candidates(requests.size());
  std::vector<std::vector<QRectF>> taken(requests.size());
  for (std::size_t self = 0; self < requests.size(); ++self) {
    candidates[self] = candidatesOf(requests[self]);
    QRectF reach;
    for (const Candidate& candidate : candidates[self]) reach |= candidate.box;
    for (const QRectF& box : surroundings.taken)
      if (box.intersects(reach)) taken[self].push_back(box);
  }
  const auto costOf = [&](std::size_t self, const Candidate& candidate) {
    if (!surroundings.bounds.contains(candidate.box)) return kImpossible;
    for (const QRectF& box : taken[self])
      if (box.intersects(candidate.box)) return kImpossible;
    for (std::size_t other = 0; other < requests.size(); ++other) {
      if (markerBox(requests[other]).intersects(candidate.box)) return kImpossible;
      if (other != self && placed[other].isShown && placed[other].box.intersects(candidate.box)) return kImpossible;
    }
    double cost = candidate.cost;
    for (const QLineF& line : surroundings.lines)
      if (crosses(candidate.box, line)) cost += kLineCost;
    return cost;
  };
  // The first round is greedy; in the following ones each label may go to a better place that others have left.
  for (int round = 0; round < 3; ++round) {
    bool hasChanged = false;
    for (const std::size_t self : order) {
      double best = kImpossible;
      PlacedLabel choice;
      for (const Candidate& candidate : candidates[self]) {
        if (candidate.cost >= best) continue;
        if (const double cost = costOf(self, candidate); cost < best) {
          best = cost;
          choice = {candidate.box, true, candidate.hasLeader};
        }
      }
      hasChanged |= choice.box != placed[self].box;
      placed[self] = choice;
    }
    if (!hasChanged) break;
  }
  return placed;
}

}  // namespace weft::ui
