import Foundation
import SyncStore

/// Which thresholds may be set. Pure.
struct ThresholdRules: Sendable {
    /// What is set already.
    let known: [AthleteThreshold]
    /// The current day in UTC. Somewhere it is tomorrow already.
    let tomorrow: CalendarDay

    /// Facts of one athlete at most: a lifetime of monthly tests in each sport.
    static let countMax = 1_000
    static let dayRule = "the first day must be from 1970-01-01 to today, written as in 2026-01-31"

    init(known: [AthleteThreshold], now: Date) {
        self.known = known
        tomorrow = CalendarDay(now.addingTimeInterval(86_400))
    }

    /// Why this one may not be set, in a sentence that says what to do; nil: it may.
    func fault(of new: AthleteThreshold) -> String? {
        if !new.metric.sports.contains(new.sport) { return new.metric.sportRule }
        if !new.metric.range.contains(new.value) { return new.metric.rangeRule }
        if new.validFrom > tomorrow { return Self.dayRule }
        let others = known.filter { !$0.isReplaced(by: new) }
        if others.count >= Self.countMax { return "this athlete has \(Self.countMax) thresholds: remove some that are not needed" }
        return heartrateFault(of: new, among: others)
    }

    // MARK: Heart rates

    /// Rest, threshold and maximum rise in this order, in each sport and on each day on which the new one holds.
    private func heartrateFault(of new: AthleteThreshold, among others: [AthleteThreshold]) -> String? {
        guard let place = Self.rising.firstIndex(of: new.metric) else { return nil }
        let all = others + [new]
        let days = Set(all.map(\.validFrom)).sorted()
        for sport in new.sport == .all ? ThresholdSport.allCases : [new.sport] {
            for day in days where Self.holding(new.metric, sport, day, of: all) == new {
                for (otherPlace, metric) in Self.rising.enumerated() where metric != new.metric {
                    guard let other = Self.holding(metric, sport, day, of: all) else { continue }
                    let isInOrder = place < otherPlace ? new.value < other.value : new.value > other.value
                    if !isInOrder { return Self.orderFault(new, other, sport, day) }
                }
            }
        }
        return nil
    }

    private static let rising: [ThresholdMetric] = [.restHeartrate, .thresholdHeartrate, .maxHeartrate]

    /// What holds for a sport on a day: the sport's own value before that of all sports, and the earliest one before its first day.
    private static func holding(
        _ metric: ThresholdMetric, _ sport: ThresholdSport, _ day: CalendarDay, of all: [AthleteThreshold]
    ) -> AthleteThreshold? {
        let known = all.filter { $0.metric == metric }.sorted { $0.validFrom < $1.validFrom }
        let own = known.filter { $0.sport == sport }
        let applicable = own.isEmpty ? known.filter { $0.sport == .all } : own
        return applicable.last { $0.validFrom <= day } ?? applicable.first
    }

    private static func orderFault(
        _ new: AthleteThreshold, _ other: AthleteThreshold, _ sport: ThresholdSport, _ day: CalendarDay
    ) -> String {
        let place = sport == .all ? "" : " (\(sport.rawValue))"
        return "\(words(new)) does not go with \(words(other)), which holds on \(day)\(place): "
            + "resting, threshold and maximum heart rate must rise in this order; change the other one first, or remove it"
    }

    private static func words(_ threshold: AthleteThreshold) -> String {
        "a \(threshold.metric.rawValue) of \(threshold.value.formatted(.number.precision(.fractionLength(0...1)))) bpm"
    }
}

extension AthleteThreshold {
    fileprivate func isReplaced(by new: AthleteThreshold) -> Bool {
        sport == new.sport && metric == new.metric && validFrom == new.validFrom
    }
}

extension ThresholdMetric {
    /// For which sports it can be set. Power and pace of one sport say nothing of another.
    var sports: [ThresholdSport] {
        switch self {
        case .power, .criticalPower, .wPrime: [.ride, .run]
        case .pace: [.run, .swim]
        case .thresholdHeartrate, .maxHeartrate: ThresholdSport.allCases
        case .restHeartrate: [.all]
        }
    }

    /// The first is meant when none is named.
    var standardSport: ThresholdSport { sports[0] }

    /// What a person may have, in the metric's unit.
    var range: ClosedRange<Double> {
        switch self {
        case .power, .criticalPower: 30...1_000
        case .pace: 0.5...12
        case .thresholdHeartrate, .maxHeartrate, .restHeartrate: 30...240
        case .wPrime: 1_000...100_000
        }
    }

    fileprivate var sportRule: String {
        let names = sports.map(\.rawValue)
        if names.count == 1 { return "\(rawValue) is set for \(names[0]) sports at once: leave the sport out" }
        return "\(rawValue) is set for each sport by itself: name \(names.joined(separator: " or "))"
    }

    fileprivate var rangeRule: String {
        switch self {
        case .power, .criticalPower: "\(rawValue) must be from 30 to 1,000 W"
        case .pace: "pace must be from 0.5 to 12 m/s: 33:20 to 1:24 per km, 3:20 to 0:09 per 100 m"
        case .thresholdHeartrate, .maxHeartrate, .restHeartrate: "\(rawValue) must be from 30 to 240 beats per minute"
        case .wPrime: "w_prime must be from 1,000 to 100,000 J, which is 1 to 100 kJ"
        }
    }
}
