#!/bin/bash
declare -A store
while read -r number command key value; do
  case $command in
    set) store["=$key"]=$value answer=OK ;;
    get) answer=${store["=$key"]-NONE} ;;
    *) answer='ERR write set KEY VALUE or get KEY' ;;
  esac
  printf '%s %s\n' "$number" "$answer"
done
