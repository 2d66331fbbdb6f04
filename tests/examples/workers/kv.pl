#!/usr/bin/perl
use strict;
use warnings;

$| = 1;
my %store;
while (my $line = <STDIN>) {
    chomp $line;
    my ($number, $command, $key, $value) = (split(/ /, $line, 4), ('') x 4);
    my $answer = 'ERR write set KEY VALUE or get KEY';
    if ($command eq 'set') { $store{$key} = $value; $answer = 'OK' }
    if ($command eq 'get') { $answer = $store{$key} // 'NONE' }
    print "$number $answer\n";
}
