import Core
import Foundation
import TestKit

@testable import Sync

/// One athlete whose uploads come in any order, and Strava's list in one of the ways that its documentation leaves open; the plan decides
/// when to ask for what. Everything follows from a seed.
struct LookModel {
    struct Activity {
        let start: Date
        let uploadedAt: Date
        var foundAt: Date?
        /// Its start is later than that of anything that was at Strava before it.
        let isNewest: Bool
    }

    /// How the list behaves: docs/strava-api.md 3.2 and 9.
    private let isInclusive: Bool
    private let isOldestFirst: Bool
    private let perPage: Int

    let settings: SyncSettings
    let days = 20.0
    private let plan: SyncPlan
    private var random: SeededRandom
    private var now = Self.begin
    private var state = SyncState()
    private(set) var activities: [Activity] = []
    private(set) var looks = 0
    private(set) var lookCalls = 0
    /// The longest interval between two looks that the plan had in mind, in seconds.
    private(set) var longestInterval_s = 0.0
    /// An `after` that Strava would answer with 400.
    private(set) var isRefused = false

    /// - Parameter isOrdinary: the list is as it is as a rule, and looked at as often as that of an athlete alone.
    init(seed: UInt64, isOrdinary: Bool = false) {
        random = SeededRandom(seed: seed)
        isInclusive = !isOrdinary && Bool.random(using: &random)
        isOldestFirst = isOrdinary || Bool.random(using: &random)
        perPage = isOrdinary ? 200 : [1, 2, 200].randomElement(using: &random) ?? 200
        var settings = SyncSettings()
        if !isOrdinary { settings.listInterval_s = [900, 3_600, 20_000].randomElement(using: &random) ?? 900 }
        self.settings = settings
        plan = SyncPlan(settings: settings, athlete: AthleteID(Int64.random(in: 1...1_000_000, using: &random)))
        state.objects = []
        train()
    }

    static let begin = Date(timeIntervalSince1970: 1_790_000_000)
    var end: Date { Self.begin + days * 86_400 }

    /// Gives the athlete turns until the time is over.
    mutating func run() {
        while now < end {
            longestInterval_s = max(longestInterval_s, plan.listInterval(state))
            switch plan.next(state, now: now) {
            case .list(let pass): list(pass)
            case .done(let due): now = max(due, now.addingTimeInterval(1))
            case .object, .fetch: return
            }
        }
    }

    // MARK: Uploads

    /// Fresh ones, second devices, hidden starts, late ones and misdated ones.
    private mutating func train() {
        var time = now.addingTimeInterval(-30 * 86_400)
        let gap_s = Double.random(in: 20_000...300_000, using: &random)
        var uploads: [(start: Date, uploadedAt: Date)] = []
        while time < end {
            time += Double.random(in: 0...2 * gap_s, using: &random)
            let start = Date(timeIntervalSince1970: time.timeIntervalSince1970.rounded())
            let late = Double.random(in: 1_800...10_800, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: uploads += [(start, start + late), (start + Double(Int.random(in: 0...3, using: &random)), start + 2 * late)]
            case 1: uploads.append((Self.midnight(start) + 1, start + late))
            case 2: uploads.append((start, start + Double.random(in: 3_600...settings.lookBack_s, using: &random)))
            case 3: uploads.append((start, start + Double.random(in: settings.lookBack_s...900_000, using: &random)))
            case 4: uploads.append((start + 40_000, start + late))
            default: uploads.append((start, start + late))
            }
        }
        var newest = Date.distantPast
        activities = uploads.sorted { $0.uploadedAt < $1.uploadedAt }.map { upload in
            defer { newest = max(newest, upload.start) }
            let isNewest = upload.start > newest && upload.start <= upload.uploadedAt
            return Activity(start: upload.start, uploadedAt: upload.uploadedAt, isNewest: isNewest)
        }
    }

    private static func midnight(_ time: Date) -> Date {
        Date(timeIntervalSince1970: (time.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400)
    }

    // MARK: Strava and the sync

    private mutating func list(_ pass: ListPass) {
        now += Double.random(in: 0.2...5, using: &random)
        if pass.kind == .incremental {
            looks += pass.isFirst ? 1 : 0
            lookCalls += 1
        }
        if let after = pass.after, after > now { isRefused = true }
        let page = page(pass)
        for index in page where activities[index].foundAt == nil { activities[index].foundAt = now }
        if page.isEmpty { end(pass) } else { goOn(pass, page) }
        state.recentCount = activities.count { $0.foundAt != nil && $0.start > now - 28 * 86_400 }
    }

    private mutating func page(_ pass: ListPass) -> ArraySlice<Int> {
        let after = pass.after ?? .distantPast
        let matching = activities.indices.filter {
            activities[$0].uploadedAt <= now && activities[$0].start < pass.before ?? .distantFuture
                && (activities[$0].start > after || isInclusive && activities[$0].start == after)
        }
        let isAscending = pass.after != nil && pass.before == nil && isOldestFirst
        let sorted = matching.sorted { (activities[$0].start, $0) < (activities[$1].start, $1) }
        let ordered = isAscending ? sorted : sorted.reversed()
        let first = min((pass.page - 1) * perPage, ordered.count)
        return ordered[first..<min(first + perPage, ordered.count)]
    }

    /// As `AthleteSync` does with a page.
    private mutating func goOn(_ pass: ListPass, _ page: ArraySlice<Int>) {
        if pass.kind == .incremental {
            state.pass = pass.next(starts: page.map { activities[$0].start }, isFull: page.count >= perPage, now: now)
            return
        }
        if pass.page == 1 { state.cursor.walkStartedAt = now }
        state.cursor.walkPage = pass.page + 1
    }

    /// As `AthleteSync` does with the empty page.
    private mutating func end(_ pass: ListPass) {
        state.pass = nil
        state.cursor.listedAt = now
        state.cursor.newestStartAt = activities.filter { $0.foundAt != nil && $0.start <= now }.map(\.start).max()
        if let begunAt = pass.lookBackBegunAt { state.cursor.lookedBackAt = begunAt }
        guard pass.kind == .walk else { return }
        if pass.page == 1 { state.cursor.walkStartedAt = now }
        (state.cursor.walkPage, state.cursor.historyCompleteAt) = (nil, now)
        state.cursor.firstCompleteAt = state.cursor.firstCompleteAt ?? now
    }
}
