import Core
import Foundation

/// One checked line of `athletes import`: who, with which tokens, for which scopes.
struct ImportLine: Sendable {
    let athlete: AthleteID
    let uid: String?
    let accessToken: Secret
    let refreshToken: Secret
    let expiresAt: Date
    let scope: [String]

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
        accessToken = try fields.token("access_token")
        refreshToken = try fields.token("refresh_token")
        expiresAt = try fields.time("expires_at")
        scope = try fields.scope()
    }
}
