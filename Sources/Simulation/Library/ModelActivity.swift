/// One activity as Strava has it and as far as it has landed. Times are whole seconds since the simulation's start: millions are held.
struct ModelActivity {
    /// What people wait for, which decides in which line of the table its age is counted.
    enum Kind: Int, CaseIterable {
        /// Among the newest of a new athlete.
        case newest
        /// Recorded while the athlete is connected.
        case fresh
        /// Uploaded more than a day after it began, or edited.
        case late
        /// The rest of the past.
        case history
    }

    let start_s: Int32
    /// Since when this version is at Strava for us to fetch.
    var since_s: Int32
    /// When a list first named it; nil as long as none has.
    var firstListed_s: Int32?
    var kind: Kind
    /// Entered by hand: without streams.
    let isManual: Bool
    /// The list names other figures than before.
    var isEdited = false
    var lacksDetail = false
    var lacksStreams = false

    init(start_s: Int32, since_s: Int32, kind: Kind, isManual: Bool) {
        self.start_s = start_s
        self.since_s = since_s
        self.kind = kind
        self.isManual = isManual
    }

    var callsMissing: Int { (lacksDetail ? 1 : 0) + (lacksStreams ? 1 : 0) }

    /// A list named it. Answers how many further calls that makes necessary.
    mutating func listed(at now_s: Int32) -> Int {
        if firstListed_s != nil && !isEdited { return 0 }
        let before = callsMissing
        if firstListed_s == nil { firstListed_s = now_s }
        isEdited = false
        lacksDetail = true
        lacksStreams = !isManual
        return callsMissing - before
    }
}
