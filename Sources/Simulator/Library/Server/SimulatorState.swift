import Core

/// What changes while the server runs, behind one lock.
struct SimulatorState: Sendable {
    var tokens: TokenBook
    var quota: QuotaBook
    var isAppInactive = false
    var capacity: Int?
    var autoApprove: AutoApproval?
    var rotation: TokenRotation
    var challengeCount: UInt64 = 0
    var headerSpelling = 0
    var gates: [AnswerGate] = []

    init(seed: UInt64, options: SimulatorOptions) {
        tokens = TokenBook(seed: seed)
        quota = QuotaBook(limits: options.limits)
        capacity = options.capacity
        autoApprove = options.autoApprove
        rotation = options.rotation
    }

    /// An athlete who is connected already may come again.
    func hasRoom(for athlete: AthleteID) -> Bool {
        guard let capacity, !tokens.isConnected(athlete) else { return true }
        return tokens.connected < capacity
    }
}
