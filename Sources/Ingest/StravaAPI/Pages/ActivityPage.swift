import Core

/// A page of the activity list, taken apart: each element's exact bytes, and of its content only what the walk needs. An element that can't
/// be read is set aside with its reason, and the rest goes on.
public struct ActivityPage: Sendable {
    public let activities: [ListedActivity]
    public let rejected: [RejectedElement]
    /// How many elements Strava sent; the walk ends at a page with none.
    public let elementCount: Int
    /// How many of them name another athlete than the one whose token was used.
    public let foreignCount: Int
    /// How many of them name this athlete.
    public let ownCount: Int

    /// A summary has 1 to 3 kB.
    static let elementBytesMax = 1 << 20

    /// - Parameter athlete: whose token was used; an element that names another one is set aside. Nil: whoever it names.
    /// - Throws: `StravaError` with `unreadable` when the body is not a JSON array.
    public init(body: [UInt8], athlete: AthleteID? = nil) throws {
        guard let ranges = try? ArrayCutter.cut(body) else { throw StravaError(code: .unreadable, endpoint: "activities") }
        var activities: [ListedActivity] = []
        var rejected: [RejectedElement] = []
        for (index, range) in ranges.enumerated() {
            let element = Array(body[range])
            do throws(RejectedElement.Reason) {
                let activity = try ListedActivity(element: element)
                if let athlete, let owner = activity.owner, owner != athlete { throw .otherAthlete }
                activities.append(activity)
            } catch {
                rejected.append(RejectedElement(index: index, reason: error, element: element))
            }
        }
        self.activities = activities
        self.rejected = rejected
        elementCount = ranges.count
        foreignCount = rejected.count { $0.reason == .otherAthlete }
        ownCount = activities.count { $0.owner != nil }
    }
}
