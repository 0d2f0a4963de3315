<?php
// The sections of `authproc` are numbers, which JSON has not.
$metadata = json_decode(file_get_contents(__DIR__ . '/../config/state.json'), true)['hosted'];
foreach ($metadata as &$provider) {
    $provider['authproc'] = [3 => $provider['authproc']];
}
unset($provider);
