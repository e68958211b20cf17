import ControlAPI
import Core
import Database
import Foundation
import Governor
import Sync
import Warehouse

/// All that the routes reach, as concrete values; built once, where the daemon is put together.
public struct ControlDependencies: Sendable {
    let version: String
    let startedAt: Date
    let clock: WallClock
    let database: Database
    let registry: AthleteRegistry
    let governor: RateLimitGovernor
    let publicURL: PublicURL?
    let webhook: WebhookControl?
    let silver: SilverHealth?
    let status: StatusReader
    let exports: Exports

    /// - Parameters:
    ///   - version: the daemon's version, for `status`.
    ///   - startedAt: when the daemon started.
    ///   - publicURL: where connect links lead; nil when the public listener is off.
    ///   - webhook: the subscription to Strava's events; nil: there can't be one.
    ///   - silver: whether silver gets on; nil: nobody makes it here.
    ///   - status: counts for `status`; nil: a reader of its own.
    ///   - exportStall: how long an export waits for its reader; nil: a minute.
    public init(
        version: String, startedAt: Date, clock: WallClock, database: Database, registry: AthleteRegistry,
        governor: RateLimitGovernor, publicURL: PublicURL?, webhook: WebhookControl? = nil, silver: SilverHealth? = nil,
        status: StatusReader? = nil, exportStall: Duration? = nil
    ) {
        self.version = version
        self.startedAt = startedAt
        self.clock = clock
        self.database = database
        self.registry = registry
        self.governor = governor
        self.publicURL = publicURL
        self.webhook = webhook
        self.silver = silver
        self.status = status ?? StatusReader(database: database, clock: clock)
        exports = Exports(stall: exportStall ?? Exports.stallDefault)
    }
}
