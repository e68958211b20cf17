import Foundation
import Synchronization

/// What a person should know about this process as a whole, and why it must not get work, if that is so.
public struct Notice: Sendable, Equatable {
    /// What it is about. There is one notice of each kind at a time.
    public enum Code: String, Sendable, CaseIterable {
        /// The programs of the private PostgreSQL were upgraded, and the server is being restarted.
        case databaseRestarting = "database_restarting"
        /// The private PostgreSQL was restarted after an upgrade.
        case databaseUpgraded = "database_upgraded"
        /// Programs or libraries of the private PostgreSQL are missing or unusable.
        case databaseBroken = "database_broken"
        /// The private PostgreSQL can't listen where dashboards should reach it.
        case dashboardsUnreachable = "dashboards_unreachable"
        /// The database was restored from a backup, and what was spent of Strava's quota since is not known yet.
        case databaseRestored = "database_restored"
        /// A newer version has changed the database in a way with which this one works on.
        case schemaNewer = "schema_newer"
        /// A newer version takes over: this one ends its work and stops.
        case steppingBack = "stepping_back"
    }

    public let code: Code
    /// For `fitnessctl status`, which admins see.
    public let text: String
    public let since: Date
    /// For `/readyz`, which everybody sees; nil: this process can work all the same.
    public let unready: String?
    fileprivate let expiresAt: Date?
}

/// The notices of this process: the parts post and withdraw them, status and readiness show them.
public final class Notices: Sendable {
    private let clock: WallClock
    private let notices = Mutex<[Notice.Code: Notice]>([:])

    public init(clock: WallClock = .system) { self.clock = clock }

    /// Posts a notice in place of an earlier one of the same kind. The same text again keeps the time of the first.
    ///
    /// - Parameter shown_s: withdrawn by itself after so many seconds; nil: never.
    /// - Returns: whether it is news.
    @discardableResult
    public func post(_ code: Notice.Code, _ text: String, unready: String? = nil, shown_s: Double? = nil) -> Bool {
        let now = clock.now
        return notices.withLock { notices in
            if let known = notices[code], known.text == text { return false }
            notices[code] = Notice(
                code: code, text: text, since: now, unready: unready, expiresAt: shown_s.map { now.addingTimeInterval($0) })
            return true
        }
    }

    /// - Returns: whether there was one.
    @discardableResult
    public func withdraw(_ code: Notice.Code) -> Bool { notices.withLock { $0.removeValue(forKey: code) != nil } }

    /// The oldest first.
    public var current: [Notice] {
        let now = clock.now
        return notices.withLock { notices in
            notices.values.filter { $0.expiresAt.map { $0 > now } ?? true }.sorted { $0.since < $1.since }
        }
    }

    /// Why this process must not get work; nil: it may.
    public var unready: String? { current.compactMap(\.unready).first }
}
