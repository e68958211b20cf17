import Core
import Foundation

/// One checked line of `athletes import`: who, with which tokens, for which scopes. A line without a grant renames an athlete who is known.
struct ImportLine: Sendable {
    struct Grant: Sendable {
        let accessToken: Secret
        let refreshToken: Secret
        let expiresAt: Date
        let scope: [String]
    }

    let athlete: AthleteID
    let uid: UID?
    /// Nil only where there is a uid.
    let grant: Grant?

    /// Why a line is not taken. The sentence names fields and never repeats a value.
    struct Fault: Error, Sendable, Equatable {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// Reads one line. Throws `Fault`.
    init(_ bytes: [UInt8]) throws {
        guard let values = try? JSONDecoder().decode([String: ImportValue].self, from: Data(bytes)) else {
            throw Fault("not a JSON object")
        }
        let fields = ImportFields(values)
        athlete = AthleteID(try fields.athleteID())
        uid = try fields.uid()
        grant =
            uid == nil || fields.hasGrant
            ? Grant(
                accessToken: try fields.token("access_token"), refreshToken: try fields.token("refresh_token"),
                expiresAt: try fields.time("expires_at"), scope: try fields.scope()) : nil
    }
}
