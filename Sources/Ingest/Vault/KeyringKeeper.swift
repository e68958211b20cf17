import Core
import Database
import Foundation
import Logging
import ServiceLifecycle

/// Keeps one instance's keyring in step with its file and with PostgreSQL: reads the file anew, notes which keys this instance holds, seals
/// with the key that PostgreSQL names, and carries rotations to their end.
///
/// A rotation is a state in PostgreSQL and not of any process: a key begins to seal (`vault.sealing`) once all instances hold it, the rows
/// under other keys are resealed by whichever instance runs, and a key that nothing uses any more is retired. After a crash at any point the
/// next pass goes on from there.
public actor KeyringKeeper: Service {
    /// What a request to rotate has begun.
    public struct Rotation: Sendable, Equatable {
        /// The key that seals, or will seal.
        public let keyID: String
        /// It was made by this request.
        public let isKeyNew: Bool
        /// The instances that lack the key, which therefore does not seal yet. Empty: the rotation is under way.
        public let lacking: [KeyringState.Instance]
    }

    /// The keyring of this instance beside what PostgreSQL knows.
    public struct Status: Sendable, Equatable {
        public let state: KeyringState
        public let path: String
        public let keyIDs: [String]
        public let instance: UUID
    }

    /// How long a key that was added to a file stays unnoticed, at most.
    public static let interval = Duration.seconds(15)

    private let database: Database
    private let keyring: Keyring
    private let rows: SealedRows
    private let instance: UUID
    private let host: String
    private let clock: WallClock
    private let logger: Logger
    private let fileOutage = Outage("the keyring file can't be used, the keys read before are used", over: "the keyring file is used again")
    private let passOutage = Outage("the keyring's upkeep failed, retrying", over: "the keyring's upkeep works again", level: .warning)
    private let retireOutage = Outage(
        "a retired key can't be taken out of the keyring file", over: "no retired key is left in the keyring file", level: .warning)
    private var sleep: Task<Void, any Error>?
    private var isPoked = false
    private var rotation: Task<Rotation, any Error>?

    /// - Parameters:
    ///   - instance: the identity of this installation across restarts.
    ///   - host: this machine's name, for people.
    public init(
        database: Database, keyring: Keyring, instance: UUID, host: String = KeyringKeeper.thisHost, clock: WallClock = .system,
        logger: Logger = Logger(label: "vault")
    ) {
        self.database = database
        self.keyring = keyring
        rows = SealedRows(database: database, keyring: keyring)
        self.instance = instance
        self.host = host
        self.clock = clock
        self.logger = logger
    }

    /// This machine's name as the kernel knows it.
    public static var thisHost: String {
        var name = [UInt8](repeating: 0, count: 256)
        let isKnown = name.withUnsafeMutableBytes { gethostname($0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count - 1) == 0 }
        return isKnown ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "unknown"
    }

    // MARK: Service

    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
        // Stopped in good order, this instance keeps no rotation waiting.
        do { _ = try await database.query(KeyringQueries.forget(instance)) } catch {
            logger.log(.info, "this instance is still noted as running", error)
        }
    }

    private func work() async {
        while !Task.isCancelled {
            do {
                try await runOnce()
                passOutage.isOver(logger)
            } catch {
                if !error.isCancellation, !Task.isCancelled { passOutage.met(error, logger) }
            }
            await nap()
        }
    }

    /// Reads the file anew, registers, and brings a rotation as far as it can be brought.
    func runOnce() async throws {
        try await refresh()
        try await advance()
    }

    private func nap() async {
        if !isPoked {
            // Not a child task, so that `poke` can end the sleep without ending the service.
            let sleep = Task { try await clock.sleep(for: Self.interval) }
            self.sleep = sleep
            _ = await withTaskCancellationHandler {
                await sleep.result
            } onCancel: {
                sleep.cancel()
            }
            self.sleep = nil
        }
        isPoked = false
    }

    private func poke() {
        isPoked = true
        sleep?.cancel()
    }

    // MARK: This instance

    /// Notes in PostgreSQL which keys this instance holds, and learns which one seals. To be called before anything is sealed.
    ///
    /// - Throws: `KeyringError` when the keyring lacks the key that seals, or has another key of the same name; `DatabaseError`.
    public func register() async throws {
        let (ids, first) = (keyring.keyIDs, keyring.activeKeyID)
        let statements = KeyringQueries.register(
            instance, host: host, keyIDs: ids, fingerprints: ids.map { keyring.fingerprint(of: $0) ?? [] }, first: first)
        try await database.transaction { connection in
            let results = try await connection.pipeline(statements)
            if let other = try results[5].first?.decode(String.self) {
                throw KeyringError(.otherKey, path: keyring.path, detail: other)
            }
            if let keyID = try results[2].first?.decode(String.self), !keyring.activate(keyID) {
                throw KeyringError(.lacksSealingKey, path: keyring.path, detail: keyID)
            }
        }
    }

    private func refresh() async throws {
        let uses = try await uses()
        do {
            try keyring.reload(needing: Set(uses.filter(\.isUsed).map(\.keyID)))
            fileOutage.isOver(logger)
        } catch let error as KeyringError {
            fileOutage.met(error, logger)
        }
        try await register()
    }

    private func uses() async throws -> [(keyID: String, isRetired: Bool, isUsed: Bool)] {
        try await database.query(KeyringQueries.uses).map { row in
            let (keyID, isRetired, isUsed) = try row.decode(String.self, Bool.self, Bool.self)
            return (keyID, isRetired, isUsed)
        }
    }

    // MARK: Rotation

    /// Begins a rotation, or goes on with the one under way: takes a key of the keyring that has never sealed, else adds one to the file.
    ///
    /// - Throws: `KeyringError.notWritable` when the file has no unused key and can't be written; `DatabaseError`.
    public func rotate() async throws -> Rotation {
        if let rotation { return try await rotation.value }
        // Not a child task: two requests at once share one beginning, and the caller who leaves must not undo it.
        let begun = Task { try await begin() }
        rotation = begun
        defer { rotation = nil }
        return try await begun.value
    }

    private func begin() async throws -> Rotation {
        try await refresh()
        switch RotationRules.next(try await KeyringState.read(database), keyIDs: keyring.keyIDs) {
        case .resume(let keyID):
            poke()
            return Rotation(keyID: keyID, isKeyNew: false, lacking: [])
        case .activate(let keyID): return try await activate(keyID, isKeyNew: false)
        case .addKey:
            let keyID = try keyring.add()
            logger.log(.notice, "a key was added to the keyring", [.keyID: keyID, .path: keyring.path])
            try await register()
            return try await activate(keyID, isKeyNew: true)
        }
    }

    private func activate(_ keyID: String, isKeyNew: Bool) async throws -> Rotation {
        let rotation = try await database.transaction { connection in
            if let row = try await connection.query(KeyringQueries.lockSealingKey).first {
                // Another instance was faster.
                let (current, isUnderWay) = try row.decode(String.self, Bool.self)
                if isUnderWay { return Rotation(keyID: current, isKeyNew: false, lacking: []) }
            }
            let lacking = try await connection.query(KeyringQueries.instances(lacking: keyID)).map { try KeyringState.Instance($0) }
            if lacking.isEmpty { _ = try await connection.pipeline(KeyringQueries.activate(keyID)) }
            return Rotation(keyID: keyID, isKeyNew: isKeyNew, lacking: lacking)
        }
        if rotation.lacking.isEmpty {
            _ = keyring.activate(rotation.keyID)
            logger.log(.notice, "tokens are sealed with another key from now on", [.keyID: rotation.keyID])
            poke()
        }
        return rotation
    }

    /// Reseals what lies under other keys, and retires keys that nothing uses.
    private func advance() async throws {
        let keyID = keyring.activeKeyID
        let underWay = try await database.query("SELECT key_id FROM vault.sealing WHERE resealed_at IS NULL").first
        let isUnderWay = try underWay?.decode(String.self) == keyID
        if isUnderWay {
            let count = try await rows.reseal()
            logger.log(.notice, "tokens were resealed", [.keyID: keyID, .count: count])
        }
        // Together, so that whoever sees that a rotation is over sees which keys it retired.
        let retired = try await database.transaction { connection in
            if isUnderWay { try await connection.query(KeyringQueries.markResealed(under: keyID)) }
            return try await connection.query(KeyringQueries.retire)
        }
        for row in retired {
            logger.log(.notice, "a key is retired, nothing is sealed with it any more", [.keyID: try row.decode(String.self)])
        }
        try await dropRetired()
    }

    /// Takes retired keys out of this instance's file.
    private func dropRetired() async throws {
        let held = keyring.keyIDs
        let dropped = try await uses().filter { $0.isRetired && !$0.isUsed && held.contains($0.keyID) }.map(\.keyID)
        do {
            for keyID in dropped where keyID != keyring.activeKeyID {
                let kept = try keyring.retire(keyID)
                logger.log(.notice, "a retired key was taken out of the keyring, the file as it was is kept", [.keyID: keyID, .path: kept])
            }
            if !dropped.isEmpty { try await register() }
            retireOutage.isOver(logger)
        } catch let error as KeyringError {
            retireOutage.met(error, logger)
        }
    }

    // MARK: Reports

    /// Keys and instances as they are now.
    public func status() async throws -> Status {
        let state = try await KeyringState.read(database)
        return Status(state: state, path: keyring.path, keyIDs: keyring.keyIDs, instance: instance)
    }

    /// Opens every sealed value.
    public func verify() async throws -> VaultReport { try await rows.verify() }
}
