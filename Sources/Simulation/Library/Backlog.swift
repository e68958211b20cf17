import Governor

/// Which windows had more to do than budget from their beginning to their end.
struct Backlog {
    /// At the last quarter hour's edge there was more to do than a quarter hour's limit.
    var isLong = false
    /// Since this UTC day began, at each edge.
    var isLongAllDay = false
}
