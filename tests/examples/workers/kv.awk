{ answer = "ERR write set KEY VALUE or get KEY" }
$2 == "set" { store[$3] = substr($0, length($1 $2 $3) + 4); answer = "OK" }
$2 == "get" { answer = ($3 in store) ? store[$3] : "NONE" }
{ print $1, answer; fflush() }
