import ControlAPI
import Core
import Foundation
import Logging

/// Reads the settings again while the daemon runs, and applies those that may change without a restart. If any can't be used, nothing changes.
actor Reloader {
    /// Prepares a change and returns what makes it.
    ///
    /// Throws a sentence when the settings can't be used.
    typealias Part = @Sendable (Configuration) async throws -> @Sendable () async -> Void

    private let read: @Sendable () throws -> ConfigurationSource
    private let isDemo: Bool
    private let isDemoAsked: Bool
    private let atStart: GivenSettings
    private var inForce: GivenSettings
    private var parts: [Part] = []
    private let notifier: SystemdNotifier
    private let clock: WallClock
    private let logger: Logger
    private var underWay: Task<ReloadOutcome, Never>?
    /// Has not read anything yet.
    private var queued: Task<ReloadOutcome, Never>?

    init(_ start: DaemonStart, _ notifier: SystemdNotifier) throws {
        read = start.readSettings
        isDemo = start.isDemo
        isDemoAsked = start.isDemoAsked
        atStart = try GivenSettings(start.source)
        inForce = atStart
        self.notifier = notifier
        clock = start.clock
        logger = start.logger
    }

    /// Adds a part of the daemon that follows a reload.
    func add(_ part: @escaping Part) { parts.append(part) }

    /// One reload at a time. Requests that come while one is under way share the next one.
    func reload() async -> ReloadOutcome {
        if let queued { return await queued.value }
        let before = underWay
        let next = Task {
            _ = await before?.value
            begin()
            return await perform()
        }
        queued = next
        return await next.value
    }

    private func begin() { (underWay, queued) = (queued, nil) }

    private func perform() async -> ReloadOutcome {
        notifier.reloading()
        let outcome = await apply()
        log(outcome)
        notifier.note(outcome.note(at: clock.now))
        notifier.reloaded()
        return outcome
    }

    private func apply() async -> ReloadOutcome {
        do {
            let source = try read()
            let given = try Configuration(source)
            _ = try given.isDemo(asked: isDemoAsked)
            let settings = try GivenSettings(source)
            let configuration = isDemo ? given.demo() : given
            var changes: [@Sendable () async -> Void] = []
            for part in parts { changes.append(try await part(configuration)) }
            for change in changes { await change() }
            defer { inForce = settings }
            return .applied(
                settings.changed(since: inForce).filter(\.isReloadable).map(\.name),
                needRestart: settings.changed(since: atStart).filter { !$0.isReloadable }.map(\.name))
        } catch {
            return .refused((error as? ConfigurationError)?.sentences ?? ["\(error)"])
        }
    }

    private func log(_ outcome: ReloadOutcome) {
        switch outcome {
        case .applied(let changed, let needRestart):
            logger.log(.notice, "settings reloaded", [.settings: changed.isEmpty ? "none changed" : changed.joined(separator: ", ")])
            if !needRestart.isEmpty {
                logger.log(.warning, "changed settings need a restart", [.settings: needRestart.joined(separator: ", ")])
            }
        case .refused(let sentences):
            logger.log(.error, "settings not reloaded, the old ones stay in force", [.reason: sentences.joined(separator: "; ")])
        }
    }
}

/// How a reload ended.
enum ReloadOutcome: Sendable, Equatable {
    /// The names of the settings that were applied, and of those that have changed since the start and need a restart.
    case applied([String], needRestart: [String])
    /// Nothing was changed, with a sentence for each setting that can't be used.
    case refused([String])

    /// For `fitnessctl reload`.
    var message: ReloadMessage {
        switch self {
        case .applied(let changed, let needRestart): ReloadMessage(applied: changed, needRestart: needRestart)
        case .refused(let sentences): ReloadMessage(refused: sentences)
        }
    }

    /// What `systemctl status` should go on showing; nil: nothing.
    func note(at now: Date) -> String? {
        switch self {
        case .applied(_, let needRestart):
            return needRestart.isEmpty ? nil : "restart to apply \(needRestart.joined(separator: ", "))"
        case .refused(let sentences):
            let time = now.formatted(.iso8601.time(includingFractionalSeconds: false))
            let more = sentences.count > 1 ? " (and \(sentences.count - 1) more)" : ""
            return "settings not reloaded at \(time) UTC: \(sentences.first ?? "")\(more)"
        }
    }
}

/// The value of each setting as it was given, to be compared with others. A default that follows from another setting is not a change of its own.
private struct GivenSettings: Sendable {
    private let values: [String: String]

    init(_ source: ConfigurationSource) throws {
        var values: [String: String] = [:]
        for key in ConfigurationKeys.all {
            values[key.name] = try key.isSecret ? source.secret(key.name)?.reveal() : source.value(key.name)
        }
        self.values = values
    }

    func changed(since other: GivenSettings) -> [ConfigurationKey] {
        ConfigurationKeys.all.filter { values[$0.name] != other.values[$0.name] }
    }
}
