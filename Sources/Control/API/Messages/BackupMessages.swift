import Foundation

/// A backup that is stored: response to `POST /v1/backup/stored` and `POST /v1/backup/recorded`, and one of `GET /v1/backup`. For a dump by
/// fitnessctl it is also the manifest that is stored beside the file.
public struct BackupMessage: Codable, Sendable, Equatable {
    /// Random.
    public let backupID: String
    /// The backup holds the database as it was then.
    public let takenAt: Date
    /// When it was complete.
    public let storedAt: Date
    /// `fitnessctl`, or the name given with `--record`.
    public let madeBy: String
    public let bytes: Int64?
    /// Of the file, in hexadecimal digits.
    public let sha256: String?
    /// The last migration of the dumped database.
    public let schema: String?
    /// Versions of fitnessd and of PostgreSQL.
    public let version: String?
    public let serverVersion: String?
    /// Names of the keys that seal the tokens in the dump: without these keys, athletes must connect again.
    public let keyIDs: [String]?
    /// The daemon's keyring and its receipts of erasures, which are not in the dump.
    public let keyring: String?
    public let receipts: String?

    public init(
        backupID: String, takenAt: Date, storedAt: Date, madeBy: String, bytes: Int64?, sha256: String?, schema: String? = nil,
        version: String? = nil, serverVersion: String? = nil, keyIDs: [String]? = nil, keyring: String? = nil, receipts: String? = nil
    ) {
        self.backupID = backupID
        self.takenAt = takenAt
        self.storedAt = storedAt
        self.madeBy = madeBy
        self.bytes = bytes
        self.sha256 = sha256
        self.schema = schema
        self.version = version
        self.serverVersion = serverVersion
        self.keyIDs = keyIDs
        self.keyring = keyring
        self.receipts = receipts
    }

    enum CodingKeys: String, CodingKey {
        case bytes, sha256, schema, version, keyring, receipts
        case backupID = "backup_id"
        case takenAt = "taken_at"
        case storedAt = "stored_at"
        case madeBy = "made_by"
        case serverVersion = "server_version"
        case keyIDs = "key_ids"
    }
}

/// `GET /v1/backup`: the last backups that were noted, newest first.
public struct BackupsMessage: Codable, Sendable, Equatable {
    /// The most backups in a message.
    public static let countMax = 50

    public let backups: [BackupMessage]

    public init(backups: [BackupMessage]) { self.backups = backups }
}

/// Body of `POST /v1/backup/stored`: the dump with this number is stored completely.
public struct BackupStoredRequest: Codable, Sendable {
    public let backupID: String
    /// What was stored.
    public let bytes: Int64

    public init(backupID: String, bytes: Int64) {
        self.backupID = backupID
        self.bytes = bytes
    }

    enum CodingKeys: String, CodingKey {
        case bytes
        case backupID = "backup_id"
    }
}

/// Body of `POST /v1/backup/recorded`: another program has made a backup.
public struct BackupRecordRequest: Codable, Sendable {
    /// The most characters of `madeBy`.
    public static let nameCharactersMax = 100

    /// The program, or whatever the admin calls it.
    public let madeBy: String
    public let bytes: Int64?

    public init(madeBy: String, bytes: Int64?) {
        self.madeBy = madeBy
        self.bytes = bytes
    }

    enum CodingKeys: String, CodingKey {
        case bytes
        case madeBy = "made_by"
    }
}
