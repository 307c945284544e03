package evidence

// What the tests look at from outside.
var (
	ScanRecord   = scanRecord
	ScannedOf    = scannedOf
	ExamineEntry = examineEntry
)
